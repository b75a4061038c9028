import { type Locator, type Page, expect } from '@playwright/test'
import type { Shell } from './fixtures'
import type { Problems } from './watch'

declare global {
  interface Window {
    /** See src/renderer/testing.ts. */
    __contpteLab?: { idle(): boolean }
  }
}

/** The app as a user meets it: what specs say to it, in its own words. */
export class Lab {
  constructor(
    readonly shell: Shell,
    readonly problems: Problems
  ) {}

  get page(): Page {
    return this.shell.page
  }

  /** The editor of the experiment in front. */
  get editor(): Locator {
    return this.page.locator('.monaco-editor[role="code"]:visible').first()
  }

  get runButton(): Locator {
    return this.page.getByRole('button', { name: /^Run\b/ }).first()
  }

  get cancelButton(): Locator {
    return this.page.getByRole('button', { name: /^Cancel/ }).first()
  }

  get progress(): Locator {
    return this.page.getByRole('progressbar', { name: 'Run' })
  }

  get verdicts(): Locator {
    return this.page.getByTestId('verdicts')
  }

  get announcement(): Locator {
    return this.page.getByTestId('announcement')
  }

  /** Messages that stay until read. */
  get messages(): Locator {
    return this.page.getByRole('region', { name: 'Messages' })
  }

  /** An experiment of the library by its title. */
  experiment(title: RegExp): Locator {
    return this.page.getByRole('navigation', { name: 'Experiments' }).getByRole('button', { name: title })
  }

  get status(): Locator {
    return this.page.getByRole('contentinfo', { name: 'Status' })
  }

  /** The app is there: an experiment is open, the simulator answers. */
  async ready(): Promise<void> {
    await this.ended()
    await expect(this.editor).toBeVisible()
  }

  /** After another test: no dialog, no message, and the panels of the first layout. */
  async tidy(): Promise<void> {
    await this.press('Escape')
    await expect(this.page.getByRole('dialog')).toHaveCount(0)
    await this.command('Layout: Write')
    await this.command('Reset layout')
    for (const message of await this.messages.getByRole('button', { name: 'Dismiss' }).all())
      await message.click()
  }

  async press(keys: string): Promise<void> {
    await this.page.keyboard.press(keys)
  }

  async focusEditor(): Promise<void> {
    await this.editor.locator('.view-lines').click()
    await expect(this.editor).toHaveClass(/focused/)
  }

  /** Pastes at the caret: typed text would be indented and completed by the editor. */
  async paste(text: string): Promise<void> {
    await this.page.evaluate((pasted) => navigator.clipboard.writeText(pasted), text)
    await this.press('ControlOrMeta+V')
  }

  /** Replaces the text of the experiment in front. */
  async write(text: string): Promise<void> {
    await this.focusEditor()
    await this.press('ControlOrMeta+A')
    await this.paste(text)
    // The caret is at the end now: the last line that says something is on screen.
    const telling = text.split('\n').filter((line) => line.trim().length > 8)
    await expect.poll(() => this.visibleText()).toContain(telling.at(-1)?.trim())
  }

  /** The lines of the experiment in front that are on screen. */
  async visibleText(): Promise<string> {
    const lines = await this.editor.locator('.view-line').evaluateAll((elements) =>
      elements
        .map((element) => ({
          top: Number.parseFloat((element as HTMLElement).style.top),
          text: element.textContent ?? ''
        }))
        .sort((a, b) => a.top - b.top)
        .map(({ text }) => text.replaceAll('\u00a0', ' '))
    )
    return lines.join('\n')
  }

  /** Runs what is in front and waits for its end. */
  async run(timeout = 60_000): Promise<void> {
    await this.press('ControlOrMeta+Enter')
    await this.ended(timeout)
  }

  /** Starts what is in front. */
  async start(): Promise<void> {
    await this.press('ControlOrMeta+Enter')
    await expect(this.cancelButton).toBeVisible()
  }

  /** Waits until `done` of `total` cells have finished. */
  async progressed(done: number, total: number): Promise<void> {
    const words = new RegExp(`^${done} of ${total} cells`)
    await expect(this.progress).toHaveAttribute('aria-valuetext', words, { timeout: 40_000 })
  }

  /** Nothing is under way in the window: it says so itself. */
  async ended(timeout = 60_000): Promise<void> {
    await this.page.waitForFunction(() => window.__contpteLab?.idle() === true, undefined, { timeout })
  }

  /** Runs a command by its title. */
  async command(title: string): Promise<void> {
    await this.press('F1')
    const palette = this.page.getByRole('dialog')
    await palette.getByRole('combobox').or(palette.getByRole('textbox')).first().fill(title)
    await expect(palette.locator('[role=option][data-highlighted]')).toContainText(title)
    await this.press('Enter')
  }

  /** Brings a panel to the front. */
  async panel(title: string): Promise<void> {
    await this.command(`Show ${title}`)
  }

  /** What a panel shows, once it is in front. */
  shown(title: string): Locator {
    return this.page.getByRole('tabpanel', { name: new RegExp(`^${title}\\b`) })
  }

  /** A tab of the dock by its title. */
  tab(title: string | RegExp): Locator {
    return this.page.getByRole('tab', { name: title })
  }
}

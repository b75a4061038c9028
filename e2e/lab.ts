import { type Locator, type Page, expect } from '@playwright/test'
import type { Shell } from './fixtures'
import type { Problems } from './watch'

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

  get status(): Locator {
    return this.page.getByRole('contentinfo', { name: 'Status' })
  }

  /** The app is there: an experiment is open, the simulator answers. */
  async ready(): Promise<void> {
    await expect(this.editor).toBeVisible({ timeout: 30_000 })
    await expect(this.status).toContainText('simulator ready', { timeout: 30_000 })
  }

  async press(keys: string): Promise<void> {
    await this.page.keyboard.press(keys)
  }

  async focusEditor(): Promise<void> {
    await this.editor.locator('.view-lines').click()
    await expect(this.editor).toHaveClass(/focused/)
  }

  /** Replaces the text of the experiment in front, as a paste does. */
  async write(text: string): Promise<void> {
    await this.focusEditor()
    await this.press('ControlOrMeta+A')
    await this.page.keyboard.insertText(text)
    await expect.poll(() => this.visibleText()).toContain(text.trim().split('\n').at(-1)?.trim())
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
  async run(timeout = 45_000): Promise<void> {
    await this.press('ControlOrMeta+Enter')
    await this.ended(timeout)
  }

  async start(): Promise<void> {
    await this.press('ControlOrMeta+Enter')
    await expect(this.cancelButton).toBeVisible()
  }

  async ended(timeout = 45_000): Promise<void> {
    await expect(this.runButton).toBeVisible({ timeout })
  }

  /** Runs a command by its title. */
  async command(title: string): Promise<void> {
    await this.press('F1')
    const palette = this.page.getByRole('dialog')
    await palette.getByRole('combobox').or(palette.getByRole('textbox')).first().fill(title)
    await expect(palette.getByRole('option').first()).toContainText(title)
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

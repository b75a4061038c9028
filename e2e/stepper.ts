import { type Locator, expect } from '@playwright/test'
import type { Lab } from './lab'

/** What specs say to the panels that step through a trace. */
export class Stepper {
  constructor(readonly lab: Lab) {}

  get page() {
    return this.lab.page
  }

  get timeline(): Locator {
    return this.page.getByTestId('timeline')
  }

  get slider(): Locator {
    return this.page.getByRole('slider', { name: 'Position in the trace' })
  }

  get position(): Locator {
    return this.page.getByRole('textbox', { name: /^Position/ })
  }

  get fork(): Locator {
    return this.page.getByTestId('step-fork')
  }

  /** Runs a script and opens its trace in a preset. */
  async open(script: string, preset: 'Step' | 'Compare' = 'Step'): Promise<void> {
    await this.lab.write(script)
    await this.lab.run()
    await this.lab.command(`Layout: ${preset}`)
    await this.ready()
  }

  /** The trace is there, and something of it is on screen. */
  async ready(): Promise<void> {
    await expect(this.slider).toBeVisible({ timeout: 90_000 })
  }

  async events(): Promise<number> {
    return Number(await this.slider.getAttribute('aria-valuemax'))
  }

  async at(): Promise<number> {
    return Number(await this.slider.getAttribute('aria-valuenow'))
  }

  /** Waits until the position is \`event\` and the panels show it. */
  async stands(event: number): Promise<void> {
    await expect(this.slider).toHaveAttribute('aria-valuenow', String(event))
    if (event > 0)
      await expect(this.slider).toHaveAttribute(
        'aria-valuetext',
        new RegExp(`^event ${event.toLocaleString('en-US')} .*: `)
      )
    await this.quiet()
  }

  /** No call of the window is under way. */
  async quiet(): Promise<void> {
    await this.lab.ended()
  }

  /** Goes to an event through the position box. */
  async goTo(event: number): Promise<void> {
    await this.lab.press('ControlOrMeta+Alt+G')
    await expect(this.position).toBeFocused()
    await this.position.fill(String(event))
    await this.lab.press('Enter')
    await this.stands(Math.min(event, await this.events()))
  }

  /** Goes to the first event that a search finds. */
  async search(text: string): Promise<void> {
    await this.lab.press('ControlOrMeta+Alt+F')
    const field = this.page
      .getByRole('combobox', { name: 'Search events' })
      .or(this.page.getByRole('searchbox', { name: 'Search events' }))
    await expect(field).toBeFocused()
    await field.fill(text)
    await this.lab.press('Enter')
    await expect(this.page.getByTestId('trace-tally')).toHaveText(/\d+ of \d+|none/)
  }

  /** Letters of the cells of a grid, as the accessibility tree has them. */
  async cells(grid: Locator): Promise<string[]> {
    return grid
      .getByRole('gridcell', { name: /^entry/ })
      .evaluateAll((all) => all.map((cell) => cell.getAttribute('aria-label') ?? ''))
  }
}

import { expect, tenTimes, test } from './fixtures'
import type { Lab } from './lab'
import { busy, ENDLESS, FAILING, HOSTILE, LONG_CALL, SMALL, sweep } from './scripts'

/** From each key to the end of the frame that shows it, in milliseconds, ascending. */
async function typingDelays(lab: Lab, text: string): Promise<number[]> {
  const delays = await lab.page.evaluateHandle(() => {
    const found: number[] = []
    const listener = ({ timeStamp }: KeyboardEvent) =>
      requestAnimationFrame(() => setTimeout(() => found.push(performance.now() - timeStamp)))
    addEventListener('keydown', listener, { capture: true })
    return found
  })
  await lab.page.keyboard.type(text, { delay: 40 })
  await expect.poll(() => delays.evaluate((found) => found.length)).toBe(text.length)
  return (await delays.jsonValue()).sort((a, b) => a - b)
}

test.describe('runs', () => {
  test.describe.configure({ mode: 'serial' })
  test.use({ together: 'written' })

  test('ux 26: earlier runs are kept and can be opened again', async ({ lab }) => {
    await lab.write(SMALL)
    await lab.run()
    await lab.write(FAILING)
    await lab.run()
    await expect(lab.verdicts).toContainText('does not hold')
    await lab.panel('Runs')
    const runs = lab.shown('Runs')
    await runs.getByText('Small').first().click()
    await lab.panel('Verdicts')
    await expect(lab.verdicts).toContainText('the answer')
    await expect(lab.verdicts).not.toContainText('does not hold')

    await lab.panel('Runs')
    await runs
      .getByRole('listitem')
      .filter({ hasText: 'Small' })
      .first()
      .getByRole('button', { name: 'Script diff' })
      .click()
    const diff = lab.page.getByRole('dialog')
    await expect(diff.locator('.monaco-diff-editor')).toContainText("title: 'Small'")
    await expect(diff.locator('.monaco-diff-editor')).toContainText("title: 'Half true'")
    // With the comparison gone, the editor completes as before.
    await lab.press('Escape')
    await expect(diff).toHaveCount(0)
    await lab.focusEditor()
    await lab.press('Control+Space')
    await expect(lab.page.locator('.suggest-widget.visible').getByRole('option').first()).toBeVisible()
    await lab.press('Escape')
  })

  test('ux 16: Mod+Enter and F5 run, Shift+F5 stops', async ({ lab }) => {
    await lab.write(ENDLESS)
    for (const key of ['ControlOrMeta+Enter', 'F5']) {
      await lab.press(key)
      await expect(lab.cancelButton).toBeVisible()
      await lab.press('Shift+F5')
      await lab.ended()
      await expect(lab.announcement).toContainText(/cancelled/i)
    }
  })

  test('ux 17: cancel ends a run within a second, and the next run works', async ({ lab }) => {
    for (const [name, text] of [
      ['an endless loop', ENDLESS],
      ['one long native call', LONG_CALL]
    ]) {
      await test.step(name, async () => {
        await lab.write(text)
        await lab.start()
        await lab.progressed(0, 1)
        const asked = Date.now()
        await lab.press('Shift+F5')
        await expect(lab.announcement).toContainText(/cancelled/i)
        expect(Date.now() - asked).toBeLessThan(1_000)
        await lab.write(SMALL)
        await lab.run()
        await expect(lab.verdicts).toContainText(/holds/)
      })
    }
  })

  test('ux 18 and 19: cancel stops the whole sweep; finished rows stay, marked partial', async ({ lab }) => {
    await lab.write(sweep(100, 2))
    await lab.start()
    await lab.progressed(2, 100)
    await lab.press('Shift+F5')
    await lab.ended()
    await lab.panel('Table')
    await expect(lab.page.getByText('partial 2/100').first()).toBeVisible()
    const grid = lab.page.getByRole('grid', { name: 'Results', exact: true })
    await expect(grid).toBeVisible()
    // Two cells and the header: no cell after the cancelled ones.
    await expect(grid).toHaveAttribute('aria-rowcount', '3')
  })

  test('ux 20: progress says cells, time and parameters, and never goes backwards', async ({ lab }) => {
    await lab.write(busy(12, 3_000_000))
    const values: number[] = []
    await lab.page.exposeFunction('heard', (value: number) => void values.push(value))
    await lab.page.evaluate(() => {
      const hear = (window as unknown as { heard: (value: number) => void }).heard
      new MutationObserver(() => {
        const now = document.querySelector('[role=progressbar]')?.getAttribute('aria-valuenow')
        if (now) hear(Number(now))
      }).observe(document.body, {
        subtree: true,
        attributes: true,
        childList: true,
        attributeFilter: ['aria-valuenow']
      })
    })
    await lab.start()
    await expect(lab.progress).toHaveAttribute('aria-valuetext', /\d+ of 12 cells, [\d.]+ s/)
    await expect(lab.page.getByRole('banner')).toContainText(/cell.*\d/)
    await lab.ended()
    expect(values.length).toBeGreaterThan(2)
    expect(values).toEqual([...values].sort((a, b) => a - b))
  })

  test('ux 23: typing stays quick while a run goes on', async ({ lab }) => {
    await lab.write(busy(2_000, 300_000))
    await lab.start()
    await lab.focusEditor()
    await lab.press('ControlOrMeta+End')
    const delays = await typingDelays(lab, 'the quick brown fox jumps over the lazy dog')
    await expect(lab.cancelButton).toBeVisible()
    await lab.press('Shift+F5')
    expect(delays[Math.ceil(delays.length * 0.95) - 1]).toBeLessThan(tenTimes(50))
  })

  test('ux 22: every hostile script has a message of its own and leaves the app usable', async ({ lab }) => {
    for (const { name, text, message, line } of HOSTILE) {
      await test.step(name, async () => {
        await lab.write(text)
        await lab.run()
        await lab.panel('Problems')
        const problems = lab.shown('Problems')
        await expect(problems).toContainText(message)
        if (line !== undefined) await expect(problems).toContainText(new RegExp(`(:|line )${line}\\b`))
        // A limit says how to raise it.
        if (name.includes('allocation')) await expect(problems).toContainText(/--memory-limit|settings/i)
        await lab.write(SMALL)
        await lab.run()
        await expect(lab.verdicts).toContainText('the answer')
      })
    }
  })
})

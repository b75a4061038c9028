import { existsSync, readFileSync } from 'node:fs'
import { expect, test } from './fixtures'
import type { Lab } from './lab'

/** Operations of the run that is waited for; all ten million are a command of their own (CONTRIBUTING.md). */
const OPERATIONS = Number(process.env.CONTPTE_LAB_OPERATIONS ?? 500_000)
const ALL = 10_000_000

const experiment = readFileSync(new URL('../experiments/allocator-ten-million.ts', import.meta.url), 'utf8')

/** The experiment of the library with one cell of so many operations. */
function allocator(operations: number): string {
  const text = experiment.replace(/operations: \[[^\]]*\]/, `operations: [${operations}]`)
  expect(text).not.toBe(experiment)
  return text
}

/** Every position the progress bar takes from now on, and what it says there. */
async function watchProgress(lab: Lab): Promise<() => Promise<{ now: number; text: string }[]>> {
  const seen = await lab.page.evaluateHandle(() => {
    const found: { now: number; text: string }[] = []
    new MutationObserver(() => {
      const bar = document.querySelector('[role=progressbar][aria-label=Run]')
      const text = bar?.getAttribute('aria-valuetext') ?? ''
      if (bar && text !== found.at(-1)?.text)
        found.push({ now: Number(bar.getAttribute('aria-valuenow')), text })
    }).observe(document.body, {
      subtree: true,
      childList: true,
      attributes: true,
      attributeFilter: ['aria-valuenow', 'aria-valuetext']
    })
    return found
  })
  return () => seen.jsonValue()
}

/** Most memory the simulator process has had, in MiB; nothing where the system does not tell. */
function peakMiB(pid: number | undefined): number | undefined {
  const status = `/proc/${pid}/status`
  const found = existsSync(status) && /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(status, 'utf8'))
  return found ? Math.round(Number(found[1]) / 1024) : undefined
}

test.describe('a long workload', () => {
  test.describe.configure({ mode: 'serial', timeout: 600_000 })
  test.use({ together: 'workload' })

  test('allocator operations: a bar that moves with their count, a window that answers, verdicts', async ({
    lab
  }) => {
    await lab.write(allocator(OPERATIONS))
    const heard = await watchProgress(lab)
    const began = Date.now()
    await lab.start()
    const count = OPERATIONS.toLocaleString('en')
    await expect(lab.progress).toHaveAttribute(
      'aria-valuetext',
      new RegExp(`^0 of 1 cells, [1-9][\\d,]* of ${count}, `),
      { timeout: 60_000 }
    )
    // The window goes on answering: the palette opens and closes while the run is under way.
    const asked = Date.now()
    await lab.press('F1')
    await expect(lab.page.getByRole('dialog')).toBeVisible()
    await lab.press('Escape')
    const answered = Date.now() - asked
    await lab.ended(500_000)
    const took = Date.now() - began

    const told = await heard()
    const within = told.filter(({ text }) => text.includes(` of ${count}`))
    expect(new Set(within.map(({ now }) => now)).size).toBeGreaterThan(1)
    const positions = told.map(({ now }) => now)
    expect(positions).toEqual([...positions].sort((a, b) => a - b))
    await lab.panel('Verdicts')
    await expect(lab.verdicts).toContainText('most pages held a page needed')
    await expect(lab.verdicts).not.toContainText('does not hold')
    await lab.panel('Console')
    await expect(lab.shown('Console')).toContainText(`100 %: ${OPERATIONS} operations`)
    if (process.env.CONTPTE_LAB_OPERATIONS)
      process.stdout.write(
        `${count} operations in the app: ${took} ms, ${within.length} reports of progress, ` +
          `palette in ${answered} ms, simulator process at most ${peakMiB(lab.shell.simulatorPid())} MiB\n`
      )
  })

  test('allocator operations: cancelled in the middle within a second', async ({ lab }) => {
    await lab.write(allocator(ALL))
    await lab.start()
    await expect(lab.progress).toHaveAttribute(
      'aria-valuetext',
      /^0 of 1 cells, [1-9][\d,]* of 10,000,000, /,
      {
        timeout: 60_000
      }
    )
    const asked = Date.now()
    await lab.press('Shift+F5')
    await expect(lab.announcement).toContainText(/cancelled/i)
    expect(Date.now() - asked).toBeLessThan(1_000)
    await lab.ended()
  })
})

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { strFromU8, unzipSync } from 'fflate'
import { expect, test } from './fixtures'
import { Stepper } from './stepper'
import { FORKED, FORKED_LINES, TWO_CPUS } from './stepping-scripts'

test.describe.configure({ timeout: 240_000 })

test.describe('stepping', () => {
  test.describe.configure({ mode: 'serial' })
  test.use({ together: 'written' })

  test('ux 28: a verdict that does not hold leads to the event that decided', async ({ lab }) => {
    const stepper = new Stepper(lab)
    await lab.write(FORKED)
    await lab.run()
    await lab.panel('Verdicts')
    await lab.verdicts.getByRole('button', { name: 'does not hold' }).click()
    await stepper.ready()
    await expect.poll(() => stepper.at()).toBeGreaterThan(0)
    // The state of that event is that after the fork: the event's own line is the expectation's operation.
    const decided = await stepper.at()
    await lab.press('Alt+F8')
    expect(await stepper.at()).toBeGreaterThanOrEqual(decided)
  })

  test('ux 37: who wrote this? The previous and the next change of an entry', async ({ lab }) => {
    const stepper = new Stepper(lab)
    await stepper.open(FORKED)
    await stepper.goTo(await stepper.events())
    const cell = stepper.fork
      .getByRole('grid')
      .first()
      .getByRole('gridcell', { name: /^entry 3:/ })
    await cell.click({ button: 'right' })
    const heading = lab.page.getByText(/^entry 3 at 0x/)
    const address = (await heading.textContent())?.match(/0x[0-9a-f]+/)?.[0] ?? ''
    await lab.page.getByRole('menuitem', { name: 'Previous change' }).click()
    await expect.poll(() => stepper.at()).toBeLessThan(await stepper.events())
    await expect(stepper.slider).toHaveAttribute('aria-valuetext', new RegExp(address))
  })

  test('ux 35, 40 and 87: what a step changed is marked, listed and said, and no state by colour alone', async ({
    lab
  }) => {
    const stepper = new Stepper(lab)
    await stepper.open(FORKED)
    await stepper.search('xchg')
    const changed = stepper.fork.locator('[role=gridcell][data-changed]')
    await expect(changed).toHaveCount(1)
    const states = await stepper.fork
      .getByRole('gridcell', { name: /^entry/ })
      .evaluateAll((all) => all.map((cell) => `${cell.textContent} ${cell.getAttribute('aria-label')}`))
    expect(states.length).toBeGreaterThanOrEqual(16)
    for (const words of states)
      expect(words).toMatch(/^(W entry \d+: writable|R entry \d+: read-only|· entry \d+: none)/)
    await expect(changed).toHaveAccessibleName(/^entry \d+: none; changed by this step/)
    const entry = /^entry \d+/.exec((await changed.getAttribute('aria-label')) ?? '')?.[0] ?? 'none'
    await expect(stepper.fork.getByRole('list', { name: 'Changed by this step' })).toContainText(
      `${entry}: now none`
    )
    await expect(lab.announcement).toHaveText(/^Event \d+ of \d+: .*; 1 entry changed$/)
    await expect(lab.announcement).toHaveAttribute('aria-live', 'polite')
    const said = await lab.announcement.textContent()
    await lab.press('F10')
    await expect(lab.announcement).not.toHaveText(said ?? '')
  })

  test('ux 42: one lane a CPU, and one order over all of them', async ({ lab }) => {
    const stepper = new Stepper(lab)
    await stepper.open(TWO_CPUS)
    const lanes = stepper.timeline.getByRole('list', { name: 'Lanes' })
    await expect(lanes.getByRole('listitem')).toHaveText(['cpu 0', 'cpu 1'])
    const rows = stepper.timeline
      .getByRole('region', { name: 'Events around the position' })
      .locator('tbody tr td:first-child')
    await expect(rows.nth(10)).toBeAttached()
    const numbers = await rows.allTextContents()
    const order = numbers.map((text) => Number(text.trim().replace(/,/g, '')))
    expect(order.length).toBeGreaterThan(10)
    expect(order).toEqual([...order].sort((a, b) => a - b))
  })

  test('issue 5: from script to step, and from step to script', async ({ lab }) => {
    const stepper = new Stepper(lab)
    await stepper.open(FORKED)
    await lab.panel('Console')
    await lab
      .shown('Console')
      .getByRole('button', { name: /Go to the event.*written/ })
      .click()
    await expect.poll(() => stepper.at()).toBeGreaterThan(0)
    const line = lab.editor.locator('.stepping-line')
    await lab.press('F10')
    await expect(line).toBeVisible()
    const text = async () => {
      const top = await line.evaluate((element) => element.parentElement?.style.top)
      const marked = await lab.editor
        .locator('.view-line')
        .evaluateAll(
          (all, at) => all.find((each) => (each as HTMLElement).style.top === at)?.textContent,
          top
        )
      return marked?.replaceAll('\u00a0', ' ')
    }
    await expect.poll(text).toContain("heap.madvise('dontneed'")
    await stepper.timeline
      .getByRole('button', { name: new RegExp(`:${FORKED_LINES.madvise}$`) })
      .first()
      .click()
    await expect(lab.editor).toHaveClass(/focused/)
  })

  test('issue 5: each CPU has its TLB, and the walk goes down to the entry', async ({ lab }) => {
    const stepper = new Stepper(lab)
    await stepper.open(TWO_CPUS)
    await lab.panel('Page tables & TLB')
    const panel = lab.shown('Page tables & TLB')
    await stepper.search('tlb-fill')
    const walk = panel.getByRole('table', { name: /^Walk to 0x/ })
    await expect(walk.getByRole('row')).toHaveCount(5)
    await expect(walk.getByRole('rowheader').last()).toHaveText(/3 · PTE/)
    await expect(panel.getByText('coalesced').first()).toBeVisible()
    await expect(panel.getByRole('table', { name: /bit by bit/ })).toContainText(/contiguous/i)
  })

  test('ux 36: step, step back, continue and reverse, to a breakpoint and to the ends', async ({ lab }) => {
    const stepper = new Stepper(lab)
    await stepper.open(FORKED)
    const events = await stepper.events()
    expect(events).toBeGreaterThan(50)
    await stepper.stands(0)
    await lab.press('F10')
    await stepper.stands(1)
    await lab.press('F10')
    await stepper.stands(2)
    await lab.press('Shift+F10')
    await stepper.stands(1)
    await stepper.timeline.getByRole('button', { name: 'unfold', exact: true }).click()
    await lab.press('F5')
    await expect(stepper.slider).toHaveAttribute('aria-valuetext', /unfold/)
    const unfold = await stepper.at()
    const grid = stepper.fork.getByRole('grid').first()
    const before = await stepper.cells(grid)
    await lab.press('F5')
    await expect.poll(() => stepper.at()).toBeGreaterThan(unfold)
    await lab.press('Shift+Alt+F5')
    await stepper.stands(unfold)
    // The state is the one recorded at that event, wherever it was come from.
    await expect.poll(() => stepper.cells(grid)).toEqual(before)
    await stepper.goTo(1)
    await stepper.goTo(unfold)
    await expect.poll(() => stepper.cells(grid)).toEqual(before)
  })
})

test('ux 39: the position is exact, can be copied and typed; a bookmark survives and is in the bundle', async ({
  lab
}, info) => {
  const stepper = new Stepper(lab)
  await stepper.open(FORKED)
  const events = await stepper.events()
  await stepper.goTo(17)
  await expect(stepper.position).toHaveValue(`event 17 / ${events}`)
  await lab.page.getByRole('button', { name: 'Copy the position' }).click()
  expect(await lab.page.evaluate(() => navigator.clipboard.readText())).toBe(`event 17 / ${events}`)
  await lab.press('ControlOrMeta+Alt+B')
  await expect(lab.announcement).toHaveText(/Bookmark at event 17/)
  await stepper.goTo(2)
  await lab.ended()
  // Saved a moment after the change; the next start reads it.
  await expect
    .poll(() => readFileSync(join(lab.shell.dataDir, 'state.json'), 'utf8'))
    .toMatch(/"event": 17\b/)
  await lab.shell.open()
  await lab.ready()
  await stepper.ready()
  await stepper.timeline.getByRole('button', { name: /★|☆/ }).click()
  await lab.page.getByRole('menuitem', { name: /^Event 17/ }).click()
  await stepper.stands(17)
  const path = info.outputPath('marked.zip')
  await lab.shell.saved(path, () => lab.page.getByRole('button', { name: /^Export/ }).click())
  const files = unzipSync(readFileSync(path))
  expect(JSON.parse(strFromU8(files['bookmarks.json']))).toEqual([{ cell: 0, event: 17, note: '' }])
})

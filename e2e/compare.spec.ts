import { expect, test } from './fixtures'
import { Stepper } from './stepper'
import { compared } from './stepping-scripts'

test.describe.configure({ timeout: 240_000 })

test.describe('two kernels', () => {
  test.describe.configure({ mode: 'serial' })
  test.use({ together: 'written' })

  test('issue 5: the hole in a block, on two kernels, with the keyboard alone', async ({ lab }) => {
    const stepper = new Stepper(lab)
    await lab.press('ControlOrMeta+P')
    const open = lab.page.getByRole('dialog')
    await expect(open).toBeVisible()
    await lab.page.keyboard.type('hole in a forked')
    await expect(open.locator('[role=option][data-highlighted]')).toContainText('hole')
    await lab.press('Enter')
    await expect(open).toHaveCount(0)
    await lab.ended()
    await lab.run()
    await lab.command('Layout: Compare')
    await stepper.ready()
    // With the kernel that folds nothing, entries themselves differ.
    await lab.command('Compare with the next cell of the sweep')
    await expect(stepper.fork.locator('.side-header').nth(1).locator('strong')).toHaveText('no-contpte')
    await stepper.quiet()
    await lab.press('ControlOrMeta+Alt+D')
    await expect(lab.announcement).toHaveText(/^Difference at event/)
    const at = await stepper.at()
    // The same in words: each entry that differs with both states, and what is different about it.
    const entries = stepper.fork.getByRole('region', { name: 'Entries that differ' })
    await expect(entries.getByRole('row').nth(1)).toContainText(/mm \d+ 0x.* → /)
    const grids = stepper.fork.getByRole('grid', { name: /^parent/ })
    await expect(grids).toHaveCount(2)
    const differing = stepper.fork.getByRole('gridcell', { name: /differs from the other side/ })
    await expect(differing.first()).toBeVisible()
    // Sixteen entries a side, with their states as words and as letters.
    for (const side of [0, 1]) {
      const cells = await stepper.cells(grids.nth(side))
      expect(cells).toHaveLength(16)
      expect(cells.every((cell) => /^entry \d+: (writable|read-only|none)/.test(cell))).toBe(true)
      expect(
        await grids
          .nth(side)
          .getByRole('gridcell', { name: /^entry/ })
          .allTextContents()
      ).toEqual(
        cells.map((cell) => (cell.includes(': writable') ? 'W' : cell.includes(': read-only') ? 'R' : '·'))
      )
    }
    // Back, the entries of the column that leads are what they were before; on again, they differ again.
    const there = await stepper.cells(grids.first())
    await lab.press('Shift+F10')
    await stepper.stands(at - 1)
    await expect.poll(() => stepper.cells(grids.first())).not.toEqual(there)
    await lab.press('F10')
    await stepper.stands(at)
    const states = (cells: string[]) => cells.map((cell) => cell.split(';')[0])
    await expect.poll(async () => states(await stepper.cells(grids.first()))).toEqual(states(there))
  })

  test('ux 29 and 31: rows aligned, differences in words, each side with its own name', async ({ lab }) => {
    const stepper = new Stepper(lab)
    await stepper.open(compared('256KiB'), 'Compare')
    const headers = stepper.fork.locator('.side-header')
    await expect(headers).toHaveCount(2)
    await expect(headers.nth(0)).toContainText('contpte-v2')
    await expect(headers.nth(1)).toContainText('contpte-unbatched')
    for (const side of [0, 1]) {
      await expect(headers.nth(side)).toContainText('Compared')
      await expect(headers.nth(side)).toContainText(/event \d/)
    }
    await stepper.goTo(await stepper.events())
    const table = stepper.fork.getByRole('table', { name: 'so far' })
    await expect(table.getByRole('columnheader')).toHaveText([
      /so far/,
      'contpte-v2',
      'contpte-unbatched',
      /difference/
    ])
    const unfolds = table.getByRole('row', { name: /^unfolds/ })
    await expect(unfolds.getByRole('cell').last()).toHaveText('+4')

    // Counters by themselves: the first event that one kernel counts and the other does not.
    await stepper.fork.getByRole('combobox', { name: 'Differences in' }).selectOption('counters')
    await lab.press('ControlOrMeta+Alt+D')
    await expect(lab.announcement).toHaveText(/^Difference at event [\d,]+: \w+: \d+ against \d+ in /)
    await stepper.quiet()

    // The run before is another run of the same script: nothing differs from it but its time.
    await lab.run()
    await stepper.ready()
    await lab.command('Compare with the run before')
    await expect(headers.nth(1)).toContainText(/run of \d{4}-\d\d-\d\d \d\d:\d\d/)
    await stepper.goTo(await stepper.events())
    await expect(headers.nth(0).locator('strong')).toHaveText(
      (await headers.nth(1).locator('strong').textContent()) ?? ''
    )
    const forks = table.getByRole('row', { name: /^forks/ })
    await expect(forks.getByRole('cell').last()).toHaveText('=')
    await expect(stepper.fork.getByRole('region', { name: 'Entries that differ' })).toHaveCount(0)
  })

  test('ux 33: zoom and scroll are synchronised, and can be released', async ({ lab }) => {
    const stepper = new Stepper(lab)
    await stepper.open(compared('8MiB'), 'Compare')
    // Where one kernel is in the middle of its fork, blocks differ: on the canvas, and in the table beside it.
    await lab.press('ControlOrMeta+Alt+D')
    await expect(lab.announcement).toHaveText(/^Difference at event/)
    await expect(stepper.fork.getByTestId('differs').first()).toHaveText(/≠ [\d,]+ blocks?/)
    await expect(stepper.fork.getByRole('row', { name: /differs from the other side/ }).first()).toBeVisible()
    await stepper.goTo(await stepper.events())
    const scale = stepper.fork.locator('.pte-canvas .tools span')
    await expect(scale.nth(1)).toContainText(/px/)
    const before = await scale.nth(1).textContent()
    await stepper.fork.getByRole('button', { name: 'Zoom in' }).first().click()
    await expect(scale.nth(1)).not.toHaveText(before ?? '')
    const locked = await scale.nth(1).textContent()
    await stepper.fork.getByRole('button', { name: 'Locked' }).click()
    await stepper.fork.getByRole('button', { name: 'Zoom in' }).first().click()
    await expect(scale.nth(0)).not.toHaveText(locked ?? '')
    await expect(scale.nth(1)).toHaveText(locked ?? '')
  })
})

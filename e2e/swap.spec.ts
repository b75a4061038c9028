import { violationsInThemes } from './axe'
import { expect, test } from './fixtures'
import { Stepper } from './stepper'

test.describe.configure({ timeout: 300_000 })

/** A folio of 16 tagged pages refaults from the swap cache: page by page, or as a whole. */
const TWO_DESIGNS = `import { experiment } from 'contpte-lab'

export default experiment({
  title: 'Two designs',
  parameters: { design: ['M3', 'M10'] },
  run({ parameters, machine, record }) {
    const m = machine({
      kernel: 'linux-6.10',
      mteDesign: parameters.design,
      cpu: { mte: true },
      swap: '16MiB',
      swapDevice: { synchronous: false }
    })
    m.sysfs.write('hugepages-64kB/enabled', 'always')
    const parent = m.spawn()
    const heap = parent.mmap({ bytes: '64KiB', align: '2MiB', prot: 'rwm' })
    heap.write()
    for (let page = 0; page < 16; page++) heap.setTags(page, page, 1)
    heap.madvise('pageout')
    const child = parent.fork()
    heap.tags(0, 4)
    child.exit()
    m.reclaimSwapCache()
    record('lookups', m.counters.tagLookup, 'lookups')
  }
})
`

test('pages, slots and tags of two designs in lockstep, fault by fault', async ({ lab }) => {
  const stepper = new Stepper(lab)
  await lab.panel('MTE swap')
  await expect(lab.page.getByRole('button', { name: /^Run “Restoring tags/ })).toBeVisible()
  await stepper.open(TWO_DESIGNS, 'Compare')
  await lab.panel('MTE swap')
  const panel = lab.page.getByTestId('swap')
  const m3 = panel.getByRole('region', { name: 'linux-6.10 M3: swap and tags' })
  const m10 = panel.getByRole('region', { name: 'linux-6.10 M10: swap and tags' })
  await stepper.goTo(1)
  await panel.getByRole('button', { name: 'Next tag event' }).click()
  await stepper.quiet()
  await expect(m10).toBeVisible()
  const letters = (column: typeof m3, row: string) =>
    column
      .locator(`tr[data-row="${row}"] td span`)
      .allInnerTexts()
      .then((all) => all.join(''))
  // The first page's tags are saved, the others' are not yet.
  await expect.poll(() => letters(m10, 'saved')).toBe(`0${'·'.repeat(15)}`)

  // The first fault gives the folio, the second is on what was swapped out.
  await stepper.goTo(1)
  for (let fault = 0; fault < 2; fault++) {
    await panel.getByRole('button', { name: 'Next fault' }).click()
    await stepper.quiet()
  }
  await expect.poll(() => letters(m10, 'restored')).toBe('A'.repeat(16))
  await expect.poll(() => letters(m3, 'restored')).toMatch(/^A{1,4}·+$/)
  await expect.poll(() => letters(m10, 'cache')).toBe('C'.repeat(16))
  await expect.poll(() => letters(m10, 'count')).toBe(`1${'2'.repeat(15)}`)
  await expect.poll(() => letters(m10, 'tags')).toBe('0123456789abcdef')
  await expect.poll(() => letters(m10, 'mm 2')).toBe('S'.repeat(16))
  await expect(m10.getByTestId('swap-area')).toContainText('tags of 16 saved: 2 KiB')
  // All that the fault did is the step.
  await expect(panel.getByText(/^this step: .*tag lookups \+16/)).toBeVisible()
  const lookups = panel.getByRole('row', { name: /^tag lookups/ })
  await expect(lookups).toContainText('16')

  // By keyboard from page to page.
  const grid = m10.getByRole('grid', { name: 'linux-6.10 M10: pages' })
  await grid.focus()
  await lab.press('ArrowRight')
  await expect(m10.getByRole('heading', { name: 'page 1' })).toBeVisible()
  await expect(m10.getByText('saved: tag 1, for slot 513')).toBeVisible()

  expect(await violationsInThemes(panel)).toEqual([])
})

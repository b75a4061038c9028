import { violationsInThemes } from './axe'
import { expect, test } from './fixtures'
import { Stepper } from './stepper'

test.describe.configure({ timeout: 300_000 })
test.use({ together: 'written' })

/** Two designs exit while another CPU holds a translation of the block. */
const EXITS = `import { experiment } from 'contpte-lab'

export default experiment({
  title: 'Two exits',
  parameters: { kernel: ['contpte-v2', 'linux-6.12'] },
  run({ parameters, machine, record }) {
    const m = machine({ kernel: parameters.kernel, cpus: 2, tlb: {} })
    m.sysfs.write('hugepages-64kB/enabled', 'always')
    const process = m.spawn()
    const heap = process.mmap({ bytes: '128KiB', align: '2MiB' })
    heap.write()
    const other = m.cpu(1)
    m.onStep((step) => {
      if (step === 'entries cleared' && heap.block(0).contiguous === 12) other.load(heap, 9)
    })
    process.exit()
    record('freed', m.counters.pageFree, 'pages')
  }
})
`

test('a block is torn down in two designs in lockstep, with what others see and whether it is safe', async ({
  lab
}) => {
  const stepper = new Stepper(lab)
  await stepper.open(EXITS, 'Compare')
  await lab.panel('Teardown')
  const panel = lab.page.getByTestId('teardown')
  const next = panel.getByRole('button', { name: 'Next clearing' })
  await next.click()
  await expect.poll(() => stepper.at()).toBeGreaterThan(0)
  await stepper.quiet()
  const v2 = panel.getByRole('region', { name: 'contpte-v2: teardown' })
  const upstream = panel.getByRole('region', { name: 'linux-6.12: teardown' })
  await expect(upstream).toBeVisible()
  const follows = v2.getByRole('button', { name: 'follows' })
  if (await follows.isVisible()) await follows.click()
  await stepper.goTo(1)
  // Each is the begin of a step: at the seventh, six entries are cleared.
  for (let step = 0; step < 7; step++) {
    const before = await stepper.at()
    await next.click()
    await expect.poll(() => stepper.at()).toBeGreaterThan(before)
    await stepper.quiet()
  }
  // v2 has cleared part of its block, and says by which rule that is safe.
  await expect(v2.getByTestId('teardown-verdict')).toContainText('safe · case-b')
  await expect(v2).toContainText('6 of 9,698 slots')
  await expect(v2).toContainText('CPU 1 translates 16 pages')
  await expect(upstream.getByTestId('teardown-verdict')).toContainText('safe · ')
  const cells = await stepper.cells(v2.getByRole('grid'))
  expect(cells.map((cell) => cell.includes('writable'))).toEqual(Array.from({ length: 16 }, (_, i) => i >= 6))

  expect(await violationsInThemes(panel)).toEqual([])
})

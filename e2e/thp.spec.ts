import { violationsInThemes } from './axe'
import { expect, test } from './fixtures'
import { Stepper } from './stepper'

const TWO_POLICIES = `import { experiment } from 'contpte-lab'

export default experiment({
  title: 'Two policies',
  parameters: { policy: ['never', 'always'] },
  run({ parameters, machine, record }) {
    const m = machine({ kernel: 'linux-6.12' })
    m.sysfs.write('hugepages-64kB/enabled', parameters.policy)
    const heap = m.spawn().mmap({ bytes: '1MiB' })
    heap.write(0, 100)
    heap.madvise('dontneed', 20, 3)
    record('folded', heap.foldedBlocks(), '1')
  }
})
`

test.describe.configure({ timeout: 240_000 })
test.use({ together: 'written' })

test('huge pages: two policies side by side, a store explained, a setting tried in the console', async ({
  lab
}) => {
  const stepper = new Stepper(lab)
  await stepper.open(TWO_POLICIES, 'Compare')
  await lab.panel('THP')
  await stepper.goTo(await stepper.events())
  const columns = lab.page.getByRole('region', { name: 'linux-6.12: huge pages' })
  await expect(columns).toHaveCount(2)
  // The last value stands left: always; never beside it.
  const [always, never] = [columns.nth(0), columns.nth(1)]
  await expect(always.getByRole('combobox', { name: 'hugepages-64kB/enabled' })).toHaveValue('always')
  await expect(never.getByRole('combobox', { name: 'hugepages-64kB/enabled' })).toHaveValue('never')
  await expect(always.getByRole('table', { name: 'linux-6.12: sizes for a store' })).toContainText('64 KiB')

  const address = never.getByRole('textbox', { name: 'page at' })
  const first = Number(await address.inputValue())
  await address.fill(`0x${(first + 128 * 4096).toString(16)}`)
  await address.press('Enter')
  // What is no address, or lies in no region, is said and not passed over.
  const right = `0x${(first + 128 * 4096).toString(16)}`
  await expect(address).toHaveValue(right)
  for (const [typed, why] of [
    ['heap', '"heap" is no address'],
    ['0x1000', 'No region of this machine holds 0x1000 at this event.']
  ]) {
    await address.fill(typed)
    await address.press('Enter')
    await expect(never.getByRole('alert')).toContainText(why)
  }
  await expect(address).toHaveValue(right)
  await address.fill(`0x${(first + 129 * 4096).toString(16)}`)
  await address.press('Enter')
  await expect(never.getByRole('alert')).toHaveCount(0)
  const reason = never
    .getByRole('table', { name: 'linux-6.12: sizes for a store' })
    .getByRole('row', { name: /^64 KiB/ })
  await expect(reason).toContainText('hugepages-64kB/enabled is never.')
  const command = never.getByRole('textbox', { name: 'linux-6.12: shell: command' })
  await command.fill('echo always > hugepages-6')
  await command.press('Tab')
  await expect(command).toHaveValue('echo always > hugepages-64kB/')
  await command.pressSequentially('enabled')
  await command.press('Enter')
  await expect(reason).toContainText('used')
  await expect(never.getByRole('status').filter({ hasText: 'A store to' })).toContainText(
    'gets 16 pages at once'
  )
  await command.fill('echo yes > enabled')
  await command.press('Enter')
  await expect(never.getByRole('log')).toContainText('bash: echo: write error: Invalid argument')
  await command.press('ArrowUp')
  await expect(command).toHaveValue('echo yes > enabled')
  await never.getByRole('combobox', { name: 'hugepages-32kB/enabled' }).selectOption('madvise')
  await expect(never.getByRole('log')).toContainText('echo madvise > hugepages-32kB/enabled')
  // The other column is another policy: it is as the run has it.
  await expect(always.getByText('as the run has it')).toBeVisible()

  // 100 pages in folios of 16: seven faults, and three pages of one of them are held for nothing.
  const statistics = always.getByRole('table', { name: 'linux-6.12: statistics by size' })
  await expect(statistics.getByRole('row', { name: /^64 KiB 7 / })).toBeVisible()
  const memory = lab.page.getByRole('region', { name: 'Memory over the run', exact: true })
  const position = memory.getByRole('region', { name: 'Memory at the position' })
  await expect(position.getByRole('row', { name: /policy always 109 12 3 / })).toBeVisible()
  await expect(position.getByRole('row', { name: /policy never 97 0 0 / })).toBeVisible()
  // Three figures of two policies in one picture; by keyboard, another one and its data.
  await expect(memory.locator('.mark-line path')).toHaveCount(6)
  await memory.getByRole('radio', { name: 'Pages' }).focus()
  await lab.press('ArrowRight')
  await expect(memory.getByRole('figure', { name: 'Folios by size over the run' })).toBeVisible()
  await expect(memory.locator('.mark-line path')).toHaveCount(4)
  await memory.getByRole('button', { name: 'Show data' }).click()
  await expect(memory.getByRole('grid', { name: 'Data of Folios by size over the run' })).toContainText(
    '64 KiB'
  )
  // Both follow the step, and so do the lines that say where each policy stands.
  const lines = memory.getByTestId('chart-mark')
  await expect(lines).toHaveCount(2)
  const end = await lines.first().boundingBox()
  await stepper.goTo(3)
  await expect.poll(async () => (await lines.first().boundingBox())?.x).toBeLessThan(end?.x ?? 0)
  await expect(statistics.getByRole('row', { name: /^64 KiB 0 / })).toBeVisible()

  // However long the panel, the window itself does not scroll.
  const tall = () => (document.scrollingElement?.scrollHeight ?? 0) - window.innerHeight
  expect(await lab.page.evaluate(tall)).toBeLessThanOrEqual(0)
  for (const side of [always, never, memory]) expect(await violationsInThemes(side)).toEqual([])
})

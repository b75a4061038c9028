import { violations } from './axe'
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
  const reason = never.getByRole('row', { name: /^64 KiB/ })
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

  for (const theme of ['dark', 'light']) {
    await lab.command(`Theme: ${theme}`)
    for (const side of [always, never])
      expect(await violations(side, theme === 'dark' ? undefined : ['color-contrast'])).toEqual([])
  }
})

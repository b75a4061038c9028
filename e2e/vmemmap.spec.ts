import { violations, violationsInThemes } from './axe'
import { expect, tenTimes, test } from './fixtures'

test.describe.configure({ timeout: 300_000 })
test.use({ together: 'written' })

test('two sequences step by step, judged and explored; a counterexample becomes an experiment that holds', async ({
  lab
}) => {
  await lab.panel('Vmemmap')
  const panel = lab.page.getByTestId('vmemmap')
  await panel.getByRole('button', { name: 'Show S0 beside S6' }).click()
  const s0 = panel.getByRole('region', { name: 'S0: sequence' })
  const s6 = panel.getByRole('region', { name: 'S6: sequence' })
  await expect(s0.getByTestId('judge')).toContainText('breaks B2 RWHZWS')
  await expect(s6.getByTestId('judge')).toContainText('breaks no rule')
  const steps = s0.getByRole('grid', { name: 'S0: steps' })
  await expect(steps.getByRole('columnheader')).toHaveText([
    '#',
    'step',
    ...['0', '1', '2', '3', '4', '5', '6', '7', 'n'].map((label) => new RegExp(`^${label}`)),
    'rule'
  ])
  await expect(panel.getByRole('row', { name: /^TLBIs 1 3/ })).toContainText('+2')

  // By keyboard to the store that breaks the rule.
  await steps.getByRole('row', { name: /^0 at the start/ }).focus()
  for (let step = 0; step < 4; step++) await lab.press('ArrowDown')
  await expect(s0.getByTestId('step-findings')).toContainText('Step 4: head := new RW')
  await expect(s0.getByTestId('step-findings')).toContainText(
    'breaks B2 (RWHZWS): the output address changes'
  )
  await expect(steps.getByRole('row', { selected: true })).toContainText(
    'head: writable; new page new; changed by this step; TLBs may hold an older translation; breaks B2'
  )

  await panel.getByRole('combobox', { name: 'CPUs' }).selectOption('3')
  await lab.command('Vmemmap: explore all interleavings')
  await lab.ended()
  await expect(s6.getByTestId('explore-verdict')).toContainText(
    /holds for all [\d,]+ states within these bounds/
  )
  await expect(s0.getByTestId('explore-verdict')).toContainText('the shortest there is')
  const told = s0.getByTestId('counterexample')
  await expect(told.getByTestId('counterexample-at')).toHaveText(/^step 0 of \d+$/)
  await told.getByRole('option', { name: /^0 ?the start/ }).focus()
  await lab.press('End')
  await expect(told.getByRole('option', { selected: true })).toContainText('a live writable entry changes')
  await expect(told.getByRole('row', { name: /^CPU 2 TLB/ })).toBeVisible()

  expect(await violationsInThemes(panel)).toEqual([])
  await told.getByRole('button', { name: 'Replay as an experiment' }).click()
  await expect.poll(() => lab.visibleText()).toContain('const model: ModelDefinition')
  await lab.run()
  await lab.panel('Verdicts')
  await expect(lab.verdicts).toContainText('what the last choice does')
  await expect(lab.verdicts).not.toContainText('does not hold')
})

const LARGE = `import { model } from 'contpte-lab'

export default model({
  title: 'Six pages, four CPUs',
  sequence: 'S6',
  tails: 5,
  cpus: 4,
  agents: [{ kind: 'refcount', entries: ['tail1', 'tail2', 'tail3', 'tail4'] }],
  assume: { refcountChecks: 'reliable' }
})
`

test('the model in the editor is drawn and explored, cancelled, and its mistakes have a code', async ({
  lab
}) => {
  await lab.write(LARGE)
  await lab.command('Vmemmap: show the model in the editor')
  const panel = lab.page.getByTestId('vmemmap')
  const column = panel.getByTestId('sequence')
  await expect(column).toContainText('Six pages, four CPUs')
  await column.getByRole('button', { name: /^Explore / }).click()
  const progress = column.getByTestId('explore-progress')
  await expect(progress).toContainText(/states, frontier .* states\/s/)
  const before = await progress.textContent()
  await expect(progress).not.toHaveText(before ?? '')
  await column.getByRole('button', { name: 'Cancel' }).click()
  await expect(column.getByTestId('explore-verdict')).toContainText('undecided after', {
    timeout: tenTimes(1_000)
  })
  await expect(column).toContainText('You cancelled it')

  await lab.write(LARGE.replace("'S6'", "'S9'"))
  await expect(column.getByRole('alert')).toContainText(/cannot be drawn \[(type-error|bad-model)\]/)
  expect(await violations(panel)).toEqual([])
})

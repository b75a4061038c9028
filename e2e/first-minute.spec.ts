import { expect, tenTimes, test } from './fixtures'
import { SMALL } from './scripts'
import { CHARTED } from './stepping-scripts'

test('ux 1: a finished example is open and one key runs it', async ({ lab }) => {
  await expect(lab.editor.locator('.view-lines')).toContainText('experiment')
  await lab.press('ControlOrMeta+Enter')
  await expect(lab.verdicts.getByText(/All \d+ expectations hold/)).toBeVisible({ timeout: tenTimes(5_000) })
  await lab.ended()
  await lab.panel('Table')
  await expect(lab.page.getByRole('grid', { name: 'Results', exact: true })).toBeVisible()
})

test.describe('nothing was run yet', () => {
  test.describe.configure({ mode: 'serial' })
  test.use({ together: 'first minute' })

  test('ux 2: an experiment is found by claim and topic, and opened by a part of its name', async ({
    lab
  }) => {
    const list = lab.page.getByRole('navigation', { name: 'Experiments' })
    const all = await list.getByRole('listitem').count()
    await list.getByRole('searchbox').fill('altra')
    await expect.poll(() => list.getByRole('listitem').count()).toBeLessThan(all)
    await expect(list.getByRole('listitem').first()).toBeVisible()
    await list.getByRole('searchbox').fill('nothing is called this')
    await expect(list.getByText(/No experiment matches/)).toBeVisible()

    await lab.command('Open experiment')
    const dialog = lab.page.getByRole('dialog')
    await dialog.getByRole('combobox').or(dialog.getByRole('textbox')).first().fill('hole')
    await expect(dialog.getByRole('option').first()).toContainText(/hole/i)
    await lab.press('Enter')
    await expect(dialog).toBeHidden()
    await expect.poll(() => lab.visibleText()).toMatch(/hole/i)
  })

  test('ux 4: an empty panel says what to do and offers it; its button fills it', async ({ lab }) => {
    for (const panel of ['Table', 'Chart', 'Console', 'Problems', 'Fork', 'Runs', 'Verdicts']) {
      await test.step(panel, async () => {
        await lab.panel(panel)
        const shown = lab.shown(panel)
        await expect(shown).toContainText(/\w+ \w+/)
        await expect(shown.getByRole('button').first()).toBeVisible()
      })
    }
    await lab.write(SMALL)
    await lab.shown('Verdicts').getByRole('button', { name: 'Run' }).click()
    await lab.ended()
    await expect(lab.verdicts).toBeVisible()
  })

  test('ux 5: the editor can be typed into soon after navigation', async ({ lab }) => {
    await lab.page.reload({ waitUntil: 'commit' })
    const focused = () => document.activeElement?.closest('.monaco-editor') !== null
    await lab.page.waitForFunction(focused, undefined, { timeout: tenTimes(2_500) })
  })
})

test.describe('without a network', () => {
  test.use({ together: 'written' })

  test('ux 6 and 99: everything works with no network at all', async ({ lab }) => {
    // The browser resolves no name but this machine's, and any request elsewhere fails the test.
    await lab.write(CHARTED)
    await lab.run()
    await expect(lab.verdicts).toBeVisible()
    await lab.panel('Chart')
    await expect(lab.page.locator('svg.marks, canvas.marks').first()).toBeVisible()
    expect(lab.problems.list()).toEqual([])
  })
})

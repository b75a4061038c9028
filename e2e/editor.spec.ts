import { expect, tenTimes, test } from './fixtures'
import { MACHINE, SMALL } from './scripts'

test.describe('what is typed', () => {
  test.describe.configure({ mode: 'serial' })
  test.use({ together: 'written' })

  test('ux 7: completion lists what the API offers, with its documentation', async ({ lab }) => {
    await lab.write(MACHINE)
    await lab.editor.getByText('const m = machine').first().click()
    await lab.press('End')
    await lab.press('Enter')
    // Members stand in the order of their names, twelve in sight.
    await lab.page.keyboard.type('m.s')
    const list = lab.page.locator('.suggest-widget.visible')
    await expect(list.getByText('spawn', { exact: true })).toBeVisible()
    await expect(list.getByText('sysfs', { exact: true })).toBeVisible()
  })

  test('ux 7: hovering shows the documentation of the API', async ({ lab }) => {
    await lab.write(SMALL)
    await lab.editor.getByText('experiment', { exact: true }).last().hover()
    await expect(lab.page.locator('.monaco-hover:visible')).toContainText(/experiment/i)
  })

  test('ux 7: a call shows its signature', async ({ lab }) => {
    await lab.write(SMALL.replace("record('answer', 42, '1')", 'record'))
    await lab.editor.getByText('record', { exact: true }).last().click()
    await lab.press('End')
    await lab.page.keyboard.type('(')
    await expect(lab.page.locator('.parameter-hints-widget.visible')).toContainText('metric')
  })

  test('ux 8: a wrong type is marked on its own line while typing', async ({ lab }) => {
    await lab.write(SMALL)
    await lab.editor.getByText("'answer'").click()
    await lab.press('Home')
    const squiggle = lab.editor.locator('.squiggly-error')
    await lab.paste('const wrong: number = "text"; ')
    await expect(squiggle).toBeVisible({ timeout: tenTimes(1_000) })
    await lab.press('ControlOrMeta+Z')
    await expect(squiggle).toHaveCount(0)
  })

  test('ux 8: a throw while running is marked at its line and linked from the output', async ({ lab }) => {
    await lab.write(SMALL.replace("expect(42, 'the answer').toBe(42)", "throw new Error('out of luck')"))
    await lab.run()
    await lab.panel('Problems')
    const problems = lab.shown('Problems')
    await expect(problems).toContainText('out of luck')
    await lab.focusEditor()
    await lab.press('ControlOrMeta+Home')
    await problems
      .getByRole('button', { name: /:7(:\d+)?/ })
      .or(problems.getByText(/:7(:\d+)?/))
      .first()
      .click()
    await expect(lab.status).toContainText(/Ln 7\b/)
    await expect(lab.editor.locator('.squiggly-error').first()).toBeVisible()
  })

  test('ux 10: find, and format', async ({ lab }) => {
    await lab.write(SMALL.replace('record(', 'record   ('))
    await lab.press('ControlOrMeta+F')
    await expect(lab.page.locator('.find-widget.visible')).toBeVisible()
    await lab.press('Escape')
    await lab.press('Shift+Alt+F')
    await expect.poll(() => lab.visibleText()).toContain("record('answer'")
  })
})

test('ux 11: saving an example keeps a copy in the library, without a dialog, and says so', async ({
  lab
}) => {
  await lab.focusEditor()
  await lab.press('ControlOrMeta+Home')
  await lab.paste('// mine\n')
  await lab.press('ControlOrMeta+S')
  await expect(lab.announcement).toContainText(/Saved to your library/)
  await expect(lab.page.getByRole('dialog')).toHaveCount(0)
  await expect(lab.page.getByRole('navigation', { name: 'Experiments' })).toContainText(/yours/i)
  await lab.paste('// more\n')
  await lab.press('ControlOrMeta+S')
  await expect(lab.announcement).toContainText(/^\s*Saved /)
})

test.describe('experiments of the library', () => {
  test.describe.configure({ mode: 'serial' })
  test.use({ together: 'library' })

  test('ux 15: undo survives a run and a visit to another tab', async ({ lab }) => {
    await lab.experiment(/hole in a forked block/).click()
    await expect.poll(() => lab.visibleText()).toMatch(/hole/i)
    await lab.focusEditor()
    await lab.press('ControlOrMeta+Home')
    await lab.paste('// to be undone\n')
    await lab.run()
    await lab.experiment(/the Altra table/).click()
    await expect.poll(() => lab.visibleText()).not.toContain('// to be undone')
    await lab.experiment(/hole in a forked block/).click()
    await expect.poll(() => lab.visibleText()).toContain('// to be undone')
    await lab.focusEditor()
    await lab.press('ControlOrMeta+Z')
    await expect.poll(() => lab.visibleText()).not.toContain('// to be undone')
  })

  test('ux 12: the mark of a change is true', async ({ lab }) => {
    await lab.experiment(/hole in a forked block/).click()
    await expect.poll(() => lab.visibleText()).toMatch(/hole/i)
    const tab = lab.tab(/hole/i).first()
    const marked = () => tab.evaluate((element) => /changed|unsaved|●/i.test(element.outerHTML))
    await expect.poll(marked).toBe(false)
    await lab.focusEditor()
    await lab.page.keyboard.type('x')
    await expect.poll(marked).toBe(true)
    await lab.press('ControlOrMeta+Z')
    await expect.poll(marked).toBe(false)
    await lab.run()
    await expect.poll(marked).toBe(false)
  })

  test('ux 13: an experiment can be duplicated into a second tab with the same text', async ({ lab }) => {
    const before = await lab.visibleText()
    const tabs = lab.page.getByRole('tab')
    const count = await tabs.count()
    await lab.command('Duplicate experiment')
    await expect(tabs).toHaveCount(count + 1)
    await expect.poll(() => lab.visibleText()).toBe(before)
  })
})

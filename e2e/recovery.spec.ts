import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, tenTimes, test } from './fixtures'
import { SMALL, sweep } from './scripts'

/** What a page says when the host it was connected to is killed, also while a worker is being loaded. */
const HOST_GONE =
  /WebSocket connection|net::ERR_(CONNECTION_|CONTENT_LENGTH_MISMATCH|EMPTY_RESPONSE)|uncaught: Event$/

/** All text of files under a folder of the profile; not what is still being written. */
function textUnder(folder: string): string {
  if (!existsSync(folder)) return ''
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.startsWith('.'))
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8'))
    .join('\n')
}

for (const [kind, spoil] of [
  ['broken JSON', () => '{ "layouts": {'],
  [
    'a layout of nonsense',
    (before: string) =>
      JSON.stringify({ ...JSON.parse(before), layouts: { write: { grid: 1, panels: { a: null } } } })
  ]
] as const) {
  test(`ux 64: ${kind} in the stored state gives the default layout and a notice`, async ({ lab, shell }) => {
    const state = join(shell.dataDir, 'state.json')
    await lab.command('Layout: Write')
    await expect.poll(() => existsSync(state)).toBe(true)
    lab.problems.expect(HOST_GONE)
    await shell.restart(() => writeFileSync(state, spoil(readFileSync(state, 'utf8'))))
    await lab.ready()
    await expect(lab.messages).toContainText(/default/i)
    await expect(lab.editor).toBeVisible()
    await expect(lab.tab(/Verdicts/)).toBeVisible()
  })
}

test.describe('in a window of others', () => {
  test.use({ together: 'written' })

  test('ux 64: a closed panel comes back with "Reset layout"', async ({ lab }) => {
    await lab.tab(/Verdicts/).click()
    await lab.command('Close the active tab')
    await expect(lab.tab(/Verdicts/)).toHaveCount(0)
    await lab.command('Reset layout')
    await expect(lab.tab(/Verdicts/)).toBeVisible()
  })
})

test('ux 65: text typed is kept by itself and survives kill -9', async ({ lab, shell }) => {
  await lab.write(`${SMALL}// kept through a power cut\n`)
  await lab.press('ControlOrMeta+Home')
  await lab.press('ArrowDown')
  await lab.press('ArrowDown')
  const caret = /Ln 3, Col 1\b/
  await expect(lab.status).toContainText(caret)
  await expect
    .poll(() => textUnder(join(shell.dataDir, 'drafts')), { timeout: tenTimes(2_000) })
    .toContain('kept through a power cut')
  await expect
    .poll(() => textUnder(join(shell.dataDir, 'drafts')), { timeout: tenTimes(2_000) })
    .toMatch(/"line":\s*3/)
  lab.problems.expect(HOST_GONE)
  await shell.restart()
  await lab.ready()
  await expect.poll(() => lab.visibleText()).toContain('// kept through a power cut')
  await expect(lab.page.getByText(/recovered/i).first()).toBeVisible()
  await expect(lab.status).toContainText(caret)
})

test('ux 66: killing the simulator costs the current job only', async ({ lab, shell }) => {
  await lab.write(SMALL)
  await lab.run()
  await expect(lab.verdicts).toContainText('the answer')

  const text = sweep(50, 2)
  await lab.write(text)
  await lab.start()
  await lab.progressed(2, 50)
  const before = shell.simulatorPid()
  expect(before).toBeDefined()
  process.kill(before!, 'SIGKILL')

  await expect(lab.messages).toContainText(/simulator/i)
  await lab.ended()
  await expect(lab.status).toContainText('simulator ready', { timeout: 15_000 })
  await expect.poll(() => shell.simulatorPid()).not.toBe(before)

  // Text, the finished cells and the earlier run are all there.
  await expect.poll(() => lab.visibleText()).toContain("title: 'Sweep'")
  await lab.panel('Table')
  await expect(lab.page.getByText('partial 2/50').first()).toBeVisible()
  await lab.panel('Runs')
  const runs = lab.shown('Runs')
  await expect(runs).toContainText('Small')
  await expect(runs).toContainText(/lost/i)

  await lab.write(SMALL)
  await lab.run()
  await lab.panel('Verdicts')
  await expect(lab.verdicts).toContainText('the answer')
})

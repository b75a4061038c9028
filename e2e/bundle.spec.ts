import { execFileSync, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { strFromU8, unzipSync } from 'fflate'
import { root } from '../tools/build/inputs.mjs'
import { expect, test as base } from './fixtures'
import type { Lab } from './lab'
import { CHARTED } from './stepping-scripts'

const cli = join(root, 'out/main/cli.js')
const EXAMPLE = join(root, 'experiments/fork-batching.ts')
const QUICK = join(root, 'experiments/hole-in-block.ts')
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

/** A folder of the test's own. */
const test = base.extend<{ folder: string }>({
  folder: async ({}, use) => {
    const folder = mkdtempSync(join(tmpdir(), 'contpte-lab-bundle-'))
    await use(folder)
    rmSync(folder, { recursive: true, force: true })
  }
})

const run = (...args: string[]) =>
  execFileSync(process.execPath, [cli, ...args], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })

/** Exports the run on screen; answers the file's bytes. */
async function exported(lab: Lab, folder: string, name: string): Promise<Uint8Array> {
  const path = join(folder, name)
  await lab.shell.saved(path, () => lab.page.getByRole('button', { name: /^Export/ }).click())
  return readFileSync(path)
}

test.describe('bundles of a run', () => {
  test.describe.configure({ mode: 'serial' })
  test.use({ together: 'written' })

  test('issue 3: exported twice, also after running again, the bundle has the same bytes', async ({
    lab,
    folder
  }) => {
    await lab.write(CHARTED)
    await lab.run()
    const first = await exported(lab, folder, 'a.zip')
    await expect(lab.messages).toContainText(sha256(first))
    const second = await exported(lab, folder, 'b.zip')
    await lab.run()
    const third = await exported(lab, folder, 'c.zip')
    expect([sha256(second), sha256(third)]).toEqual([sha256(first), sha256(first)])
  })

  test('issue 3: a bundle from the app verifies on the terminal, and a changed byte is found', async ({
    lab,
    folder
  }) => {
    await lab.write(CHARTED)
    await lab.run()
    const bytes = await exported(lab, folder, 'good.zip')
    const verify = (name: string) =>
      spawnSync(process.execPath, [cli, 'verify', join(folder, name)], { encoding: 'utf8' })
    expect(verify('good.zip').status).toBe(0)

    const changed = Uint8Array.from(bytes)
    changed[Math.floor(changed.length / 2)] ^= 1
    writeFileSync(join(folder, 'changed.zip'), changed)
    const { status, stdout, stderr } = verify('changed.zip')
    expect([1, 2]).toContain(status)
    // It names a file of the bundle, or says that the zip itself cannot be read.
    expect(stdout + stderr).toMatch(/\w+\.(json|csv|svg|ts)|changed\.zip/)
  })

  test('ux 129: neither paths nor the name of the user are in a bundle', async ({ lab, shell, folder }) => {
    await lab.write(CHARTED)
    await lab.run()
    const files = unzipSync(await exported(lab, folder, 'bundle.zip'))
    const secrets = [homedir(), root.replace(/\/$/, ''), shell.dataDir, `/${userInfo().username}/`, 'HOME=']
    for (const [name, bytes] of Object.entries(files)) {
      const text = Buffer.from(bytes).toString('latin1')
      for (const secret of secrets) expect(text.includes(secret), `${secret} in ${name}`).toBe(false)
    }
  })
})

test('issue 3: app and terminal give the same bundle and the same rows', async ({ lab, folder }) => {
  await lab.run()
  const fromApp = await exported(lab, folder, 'app.zip')
  const document = JSON.parse(run('run', EXAMPLE, '--json', '--out', join(folder, 'cli.zip')))
  expect(sha256(readFileSync(join(folder, 'cli.zip')))).toBe(sha256(fromApp))

  const files = unzipSync(fromApp)
  const name = Object.keys(files).find((path) => path.endsWith('results.json'))!
  expect(JSON.parse(strFromU8(files[name]))).toEqual(document)

  // What is on screen is what was printed: every fork time of the document is a cell of the table.
  await lab.panel('Table')
  const grid = lab.page.getByRole('grid', { name: 'Results', exact: true })
  await grid.getByRole('gridcell').first().click()
  await lab.press('ControlOrMeta+A')
  await lab.press('ControlOrMeta+C')
  const table = await lab.page.evaluate(() => navigator.clipboard.readText())
  const times = document.rows.filter(({ metric }: { metric: string }) => metric === 'fork')
  expect(times).toHaveLength(15)
  for (const { value } of times) expect(table).toContain(String(value))
})

test('issue 3: one worker and two give the same document and the same bundle', async ({ folder }) => {
  const [one, two] = ['1', '2'].map((workers) => {
    const out = join(folder, `${workers}.zip`)
    return {
      json: run('run', QUICK, '--json', '--workers', workers, '--out', out),
      zip: sha256(readFileSync(out))
    }
  })
  expect(two.json).toBe(one.json)
  expect(two.zip).toBe(one.zip)
})

/**
 * `npm test`: everything that says whether the house stands. Steps go on after a failed one where
 * that can still tell something; the last line counts all of them.
 * `npm test -- NAME...` runs only those steps.
 */
import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { ensureBuilt } from './build.mjs'
import { ensureChromium, findElectron } from './test/browser.mjs'
import { node, root } from './test/run.mjs'
import { addTally, emptyTally, playwrightTally, single, totalLine, vitestTally } from './test/tally.mjs'
import { typecheck } from './typecheck.mjs'

/** @typedef {import('./test/tally.mjs').Tally} Tally */
/** @typedef {{ tally: Tally, output?: string }} Result */

const results = join(root, '.cache', 'test')
const bin = (/** @type {string} */ path) => join(root, 'node_modules', path)
const log = (/** @type {string} */ message) => console.log(`  ${message}`)

/** @param {string} path @returns {any} */
const readJson = (path) => JSON.parse(readFileSync(path, 'utf8'))

/** @type {Record<string, () => Promise<Result>>} */
const STEPS = {
  async typecheck() {
    const programs = await typecheck()
    const failed = programs.filter(({ ok }) => !ok)
    const output = failed.map(({ name, output }) => `${name}:\n${output}`).join('\n')
    return { tally: single('typecheck', failed.length === 0), output }
  },

  async lint() {
    const [eslint, prettier] = await Promise.all([
      node(
        [
          bin('eslint/bin/eslint.js'),
          '.',
          '--cache',
          '--cache-location',
          '.cache/eslint/',
          '--max-warnings',
          '0'
        ],
        { minutes: 4 }
      ),
      node(
        [
          bin('prettier/bin/prettier.cjs'),
          '--check',
          '.',
          '--cache',
          '--cache-location',
          '.cache/prettier',
          '--log-level',
          'warn'
        ],
        { minutes: 4 }
      )
    ])
    const output = [eslint, prettier].filter(({ ok }) => !ok).map(({ output }) => output)
    return { tally: single('lint', eslint.ok && prettier.ok), output: output.join('\n') }
  },

  async layers() {
    const { ok, output } = await node(
      [bin('dependency-cruiser/bin/dependency-cruise.mjs'), 'src', '--config', '.dependency-cruiser.cjs'],
      { minutes: 2 }
    )
    return { tally: single('layers', ok), output: ok ? '' : output }
  },

  async build() {
    await ensureBuilt({ log })
    return { tally: single('build', true) }
  },

  async unit() {
    const file = join(results, 'unit.json')
    rmSync(file, { force: true })
    const args = [
      bin('vitest/vitest.mjs'),
      'run',
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${file}`
    ]
    const { ok, output } = await node(args, { minutes: 20, env: { NO_COLOR: '1' } })
    const tally = vitestTally(readJson(file))
    // An error outside of any test (an unhandled rejection) fails the run without failing a test.
    if (!ok && tally.failed === 0) addTally(tally, single('unit: an error outside of any test', false))
    return { tally, output: ok ? '' : output }
  },

  async fuzz() {
    const tally = emptyTally()
    let said = ''
    for (const more of [[], ['--only', 'swap', '--no-mutants']]) {
      const args = [join(root, 'tools/fuzz.mjs'), '--ops', '20000', '--seed', '1', ...more]
      const { ok, output } = await node(args, { minutes: 5 })
      addTally(tally, single(['fuzz', ...more].join(' '), ok))
      if (!ok) said += output
    }
    return { tally, output: said }
  },

  async e2e() {
    const chromium = await ensureChromium(log)
    log(`Chromium: ${chromium}`)
    const electron = findElectron()
    log('path' in electron ? `Electron: ${electron.path}` : `Electron specs are skipped: ${electron.reason}`)
    const file = join(results, 'e2e.json')
    rmSync(file, { force: true })
    const args = [bin('@playwright/test/cli.js'), 'test', '--reporter=list,json']
    const env = { CHROME_PATH: chromium, PLAYWRIGHT_JSON_OUTPUT_FILE: file, FORCE_COLOR: '0' }
    const { ok, output } = await node(args, { minutes: 60, live: true, env })
    const tally = playwrightTally(readJson(file))
    if (!ok && tally.failed === 0) addTally(tally, single('e2e: an error outside of any test', false))
    return { tally, output }
  }
}

/** @param {string} name @returns {Promise<Result>} */
async function attempt(name) {
  try {
    return await STEPS[name]()
  } catch (error) {
    return { tally: single(name, false), output: error instanceof Error ? error.message : String(error) }
  }
}

const asked = process.argv.slice(2)
const unknown = asked.filter((name) => !(name in STEPS))
if (unknown.length > 0) {
  console.error(`no step ${unknown.join(', ')}: there are ${Object.keys(STEPS).join(', ')}`)
  process.exit(2)
}

/**
 * The steps of a row run side by side: most keep one CPU busy. What uses every CPU runs alone.
 * @type {readonly (readonly string[])[]}
 */
const ROWS = [['typecheck'], ['lint', 'fuzz'], ['layers', 'build'], ['unit'], ['e2e']]

mkdirSync(results, { recursive: true })
const total = emptyTally()
let built = true

/** @param {string} name */
async function step(name) {
  const start = performance.now()
  const { tally, output } =
    name === 'e2e' && !built
      ? { tally: single('e2e: not run, the build failed', false) }
      : await attempt(name)
  if (name === 'build') built = tally.failed === 0
  addTally(total, tally)
  if (output) console.log(output)
  const seconds = ((performance.now() - start) / 1000).toFixed(1)
  console.log(`${name}: ${tally.failed === 0 ? 'ok' : 'FAILED'}, ${totalLine(tally)}, ${seconds} s\n`)
}

for (const row of ROWS) {
  const names = row.filter((name) => asked.length === 0 || asked.includes(name))
  if (names.length > 0) console.log(`${names.join(' and ')} ...`)
  await Promise.all(names.map(step))
}
for (const failure of total.failures) console.log(`failed: ${failure.replace(`${root}`, '')}`)
for (const [reason, count] of total.reasons) console.log(`skipped ${count}: ${reason}`)
console.log(totalLine(total))
process.exitCode = total.failed === 0 ? 0 : 1

/**
 * Benchmarks against a plain C loop: both sides start from one state, are timed in turn, and must leave
 * states with the same checksum.
 */
import { spawn, spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { median, Skip } from './measure.mjs'

/** On a busy machine the optimizing compiler is long in coming. */
const WARM_UP = 80
const RUNS = 41

/**
 * @typedef {object} Case the engine's side
 * @property {() => Int32Array} state what the anchor reads first
 * @property {() => void} restore puts everything back as it was before the first run
 * @property {() => void} run what is timed
 * @property {() => number} checksum of what a run leaves behind
 */

/** @param {string} name of NAME-anchor.c @param {string} folder @returns {string} the anchor, built */
function buildAnchor(name, folder) {
  const source = `${name}-anchor.c`
  const program = join(folder, `${name}-anchor`)
  const compiler = process.env.CC || 'cc'
  const { error, status, stderr } = spawnSync(
    compiler,
    ['-O2', '-o', program, resolve(import.meta.dirname, source)],
    { encoding: 'utf8' }
  )
  if (error) throw new Skip(`no C compiler: ${compiler} cannot be started (${error.message})`)
  if (status !== 0) throw new Error(`${compiler} -O2 ${source} failed:\n${stderr}`)
  return program
}

/** The anchor as a process of its own that makes one timed run whenever it is asked. */
class Anchor {
  /** @param {string} program @param {string} state a file, see the anchor's source */
  constructor(program, state) {
    this.process = spawn(program, [state], { stdio: ['pipe', 'pipe', 'inherit'] })
    this.lines = createInterface({ input: this.process.stdout })[Symbol.asyncIterator]()
  }

  /** @returns {Promise<{ ns: number, checksum: number }>} */
  async run() {
    this.process.stdin.write('run\n')
    const { value, done } = await this.lines.next()
    if (done) throw new Error('the anchor ended early')
    const [ns, checksum] = String(value).split(' ').map(Number)
    return { ns, checksum }
  }

  close() {
    this.process.stdin.end()
  }
}

/**
 * Runs both sides in turn.
 * @param {Case} engine
 * @param {Anchor} anchor
 */
async function interleave(engine, anchor) {
  /** @type {{ engine: number, anchor: number }[]} */
  const pairs = []
  for (let index = -WARM_UP; index < RUNS; index++) {
    const there = await anchor.run()
    engine.restore()
    const start = process.hrtime.bigint()
    engine.run()
    const ns = Number(process.hrtime.bigint() - start)
    const checksum = engine.checksum()
    if (checksum !== there.checksum) {
      throw new Error(`the engine leaves state ${checksum}, the anchor ${there.checksum}`)
    }
    if (index >= 0) pairs.push({ engine: ns, anchor: there.ns })
  }
  return pairs
}

/**
 * One figure a kernel: the time of the engine in times of the anchor.
 * @param {object} bench
 * @param {string} bench.name of the anchor, and what the figures are called
 * @param {string} bench.folder for what is built
 * @param {readonly string[]} bench.kernels
 * @param {number} bench.pages entries that one run works on
 * @param {number} bench.budget
 * @param {(kernel: string) => Promise<Case>} bench.make
 * @returns {Promise<import('./measure.mjs').Figure[]>}
 */
export async function againstAnchor({ name, folder, kernels, pages, budget, make }) {
  const program = buildAnchor(name, folder)
  /** @type {import('./measure.mjs').Figure[]} */
  const figures = []
  for (const kernel of kernels) {
    const engine = await make(kernel)
    const path = join(folder, `${kernel}.state`)
    writeFileSync(path, engine.state())
    const anchor = new Anchor(program, path)
    const pairs = await interleave(engine, anchor).finally(() => anchor.close())
    const perPte = (/** @type {'engine' | 'anchor'} */ side) =>
      (median(pairs.map((pair) => pair[side])) / pages).toFixed(2)
    figures.push({
      what: `${name} on ${kernel} / plain C`,
      value: median(pairs.map((pair) => pair.engine / pair.anchor)),
      unit: 'x',
      budget,
      runs: RUNS,
      note: `engine ${perPte('engine')} ns a PTE, C ${perPte('anchor')} ns a PTE, same checksum`
    })
  }
  return figures
}

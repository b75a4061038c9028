import { spawn, spawnSync } from 'node:child_process'
import { rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { bundled, scratch } from './bundle.mjs'
import { median, Skip } from './measure.mjs'

export const title =
  'fork of 1 GiB in 64K folios, counting only, against a plain C loop with the same bookkeeping'

const PAGES = 2 ** 30 / 4096
const WARM_UP = 25
const RUNS = 21
const BUDGET = 1.5
/** Each against an anchor that starts from the same entries. */
const KERNELS = ['linux-6.12', 'contpte-v2', 'no-contpte']

/** @param {string} folder @returns {string} the anchor, built */
export function buildAnchor(folder) {
  const compiler = process.env.CC || 'cc'
  const { error, status, stderr } = spawnSync(
    compiler,
    ['-O2', '-o', join(folder, 'fork-anchor'), resolve(import.meta.dirname, 'fork-anchor.c')],
    { encoding: 'utf8' }
  )
  if (error) throw new Skip(`no C compiler: ${compiler} cannot be started (${error.message})`)
  if (status !== 0) throw new Error(`${compiler} -O2 fork-anchor.c failed:\n${stderr}`)
  return join(folder, 'fork-anchor')
}

/** The anchor as a process of its own that makes one timed run whenever it is asked. */
export class Anchor {
  /** @param {string} program @param {string} state a file, see fork-anchor.c */
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
 * @param {any} engine a `ForkCase`
 * @param {Anchor} anchor
 * @param {number} runs
 * @param {number} warmUp
 */
export async function interleave(engine, anchor, runs, warmUp) {
  /** @type {{ engine: number, anchor: number }[]} */
  const pairs = []
  for (let index = -warmUp; index < runs; index++) {
    const there = await anchor.run()
    engine.restore()
    const start = process.hrtime.bigint()
    engine.fork()
    const ns = Number(process.hrtime.bigint() - start)
    const checksum = engine.checksum()
    if (checksum !== there.checksum) {
      throw new Error(`the engine leaves state ${checksum}, the anchor ${there.checksum}`)
    }
    if (index >= 0) pairs.push({ engine: ns, anchor: there.ns })
  }
  return pairs
}

/** @returns {Promise<import('./measure.mjs').Figure[]>} */
export async function run() {
  const folder = scratch()
  try {
    const program = buildAnchor(folder)
    const { ForkCase } = await bundled('fork-case', folder)
    /** @type {import('./measure.mjs').Figure[]} */
    const figures = []
    for (const kernel of KERNELS) {
      const engine = new ForkCase(kernel, PAGES)
      const path = join(folder, `${kernel}.state`)
      writeFileSync(path, engine.state())
      const anchor = new Anchor(program, path)
      const pairs = await interleave(engine, anchor, RUNS, WARM_UP).finally(() => anchor.close())
      const perPte = (/** @type {'engine' | 'anchor'} */ side) =>
        (median(pairs.map((pair) => pair[side])) / PAGES).toFixed(2)
      figures.push({
        what: `fork on ${kernel} / plain C`,
        value: median(pairs.map((pair) => pair.engine / pair.anchor)),
        unit: 'x',
        budget: BUDGET,
        runs: RUNS,
        note: `engine ${perPte('engine')} ns a PTE, C ${perPte('anchor')} ns a PTE, same checksum`
      })
    }
    return figures
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

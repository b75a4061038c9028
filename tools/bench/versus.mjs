/**
 * `node versus.mjs MODULE KERNEL PAGES ANCHOR STATE`: the engine's side, as the module makes it, and the
 * anchor's in turn. Prints the runs as JSON. STATE is a file to write for the anchor.
 */
import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { createInterface } from 'node:readline'

/** On a busy machine the optimizing compiler is long in coming. */
const WARM_UP = 80
const RUNS = 41

/** @typedef {{ engine: number, anchor: number }} Run nanoseconds */

/**
 * @typedef {object} Case the engine's side
 * @property {() => Int32Array} state what the anchor reads first
 * @property {() => void} restore puts everything back as it was before the first run
 * @property {() => void} run what is timed
 * @property {() => number} checksum of what a run leaves behind
 */

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
  /** @type {Run[]} */
  const runs = []
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
    if (index >= 0) runs.push({ engine: ns, anchor: there.ns })
  }
  return runs
}

const [module, kernel, pages, program, state] = process.argv.slice(2)
const { make } = await import(module)
/** @type {Case} */
const engine = make(kernel, Number(pages))
writeFileSync(state, engine.state())
const anchor = new Anchor(program, state)
console.log(JSON.stringify(await interleave(engine, anchor).finally(() => anchor.close())))

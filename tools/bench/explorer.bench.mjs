import { spawnSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { bundled, scratch } from './bundle.mjs'
import { median, Skip } from './measure.mjs'

export const title = 'search of the head/tail model (S6, three entries) to its verdict, beside Spin'

const CPUS = [2, 3]
const RUNS = 3
const BUDGET = 1
const MODEL = resolve(import.meta.dirname, 'head-tail.pml')

/** @param {string} program @param {string[]} args @param {string} cwd */
function start(program, args, cwd) {
  const begin = process.hrtime.bigint()
  const { error, status, stdout, stderr } = spawnSync(program, args, {
    cwd,
    encoding: 'utf8',
    maxBuffer: 2 ** 26
  })
  if (error) throw new Skip(`${program} cannot be started (${error.message})`)
  if (status !== 0) throw new Error(`${program} ${args.join(' ')} failed:\n${stderr}${stdout}`)
  return { text: stdout, seconds: Number(process.hrtime.bigint() - begin) / 1e9 }
}

/**
 * Spin's verifier for one setting, built.
 * @param {string} folder @param {number} cpus @param {boolean} copies
 */
function built(folder, cpus, copies) {
  const name = `pan-${cpus}${copies ? '' : '-no-copy'}`
  const generated = start('spin', [`-DCPUS=${cpus}`, ...(copies ? [] : ['-DNO_COPY']), '-a', MODEL], folder)
  const compiler = process.env.CC || 'cc'
  const compiled = start(compiler, ['-w', '-O2', '-DSAFETY', '-o', name, 'pan.c'], folder)
  return { program: join(folder, name), seconds: generated.seconds + compiled.seconds }
}

/** @param {string} program @param {string} folder */
function searched(program, folder) {
  const { text } = start(program, ['-m2000000', '-w24'], folder)
  const number = (/** @type {RegExp} */ pattern) => {
    const found = pattern.exec(text)
    if (!found) throw new Error(`the verifier did not say ${pattern}:\n${text}`)
    return Number(found[1])
  }
  const states = number(/^\s*(\d+) states, stored/m)
  const vector = /state-vector as stored = (\d+) byte \+ (\d+) byte overhead/.exec(text)
  return {
    verdict: number(/errors: (\d+)/) === 0 ? 'safe' : 'unsafe',
    seconds: number(/elapsed time ([\d.]+) seconds/),
    states,
    bytesPerState: vector ? Number(vector[1]) + Number(vector[2]) : number(/State-vector (\d+) byte/)
  }
}

/** @param {number} states @param {number} seconds @returns {string} */
const rate = (states, seconds) => `${((states / seconds) * 1e-6).toFixed(2)} M states/s`

/** @returns {Promise<import('./measure.mjs').Figure[]>} */
export async function run() {
  const folder = scratch()
  try {
    const { headTailModel, headTailSearch } = await bundled('explorer-case', folder)
    /** @type {import('./measure.mjs').Figure[]} */
    const figures = []
    for (const cpus of CPUS) {
      const { program, seconds: compile } = built(folder, cpus, true)
      const pairs = []
      for (let index = 0; index < RUNS; index++) {
        const spin = searched(program, folder)
        const ours = headTailSearch(headTailModel(cpus, true), { fills: true, symmetry: true })
        if (ours.verdict !== spin.verdict) throw new Error(`Spin says ${spin.verdict}, we ${ours.verdict}`)
        pairs.push({ spin, ours })
      }
      const bad = built(folder, cpus, false)
      const verdicts = [
        searched(bad.program, folder).verdict,
        headTailSearch(headTailModel(cpus, false), { fills: true, symmetry: true }).verdict
      ]
      if (verdicts[0] !== 'unsafe' || verdicts[1] !== 'unsafe')
        throw new Error(`without the copy Spin says ${verdicts[0]}, we ${verdicts[1]}`)
      const whole = headTailSearch(headTailModel(cpus, true), { fills: false, symmetry: false })
      const [{ spin, ours }] = pairs
      const spinSeconds = median(pairs.map((pair) => pair.spin.seconds))
      const ourSeconds = median(pairs.map((pair) => pair.ours.seconds))
      figures.push({
        what: `search with ${cpus} CPUs / Spin -O2`,
        value: ourSeconds / spinSeconds,
        unit: 'x',
        budget: BUDGET,
        runs: RUNS,
        note: [
          `both ${spin.verdict}, and unsafe without the copy`,
          `ours ${ours.states} states in ${(ourSeconds * 1000).toFixed(1)} ms, ${rate(ours.states, ourSeconds)}, ${ours.bytesPerState} bytes a state`,
          `Spin ${spin.states} states in ${(spinSeconds * 1000).toFixed(0)} ms, ${rate(spin.states, spinSeconds)}, ${spin.bytesPerState} bytes a state, compiled apart in ${compile.toFixed(1)} s`,
          `ours without reductions ${whole.states} states in ${(whole.seconds * 1000).toFixed(0)} ms, ${rate(whole.states, whole.seconds)}`
        ].join('; ')
      })
    }
    return figures
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

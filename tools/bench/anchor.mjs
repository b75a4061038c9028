/**
 * Benchmarks against a plain C loop: both sides start from one state, are timed in turn, and must leave
 * states with the same checksum. Each kernel has a process of its own, for what the optimizing compiler
 * learned from one would slow the next, and both sides share one CPU, for two disturb each other.
 */
import { spawnSync } from 'node:child_process'
import { join, resolve } from 'node:path'
import { bundle } from './bundle.mjs'
import { affinityList, median, Skip } from './measure.mjs'

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

/** @returns {number | undefined} the first CPU this process may run on; none where nothing can be pinned to it */
function ownCpu() {
  const { error, status, stdout } = spawnSync('taskset', ['-c', '-p', String(process.pid)], {
    encoding: 'utf8'
  })
  return error || status !== 0 ? undefined : affinityList(stdout)?.[0]
}

/**
 * The runs of one kernel, in a process of its own.
 * @param {readonly string[]} args of versus.mjs
 * @param {number | undefined} cpu
 * @returns {import('./versus.mjs').Run[]}
 */
function runsApart(args, cpu) {
  const node = [process.execPath, resolve(import.meta.dirname, 'versus.mjs'), ...args]
  const [program, ...rest] = cpu === undefined ? node : ['taskset', '-c', String(cpu), ...node]
  const { error, status, stdout } = spawnSync(program, rest, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit']
  })
  if (error) throw error
  if (status !== 0) throw new Error(`versus.mjs ${args.join(' ')} ended with ${status}`)
  return JSON.parse(stdout)
}

/**
 * One figure a kernel: the time of the engine in times of the anchor.
 * @param {object} bench
 * @param {string} bench.name NAME-case.ts exports the engine's side as `make`, NAME-anchor.c is the other
 * @param {string} bench.folder for what is built
 * @param {readonly string[]} bench.kernels
 * @param {number} bench.pages entries that one run works on
 * @param {number} bench.budget
 * @returns {Promise<import('./measure.mjs').Figure[]>}
 */
export async function againstAnchor({ name, folder, kernels, pages, budget }) {
  const program = buildAnchor(name, folder)
  const module = await bundle(`${name}-case`, folder)
  const cpu = ownCpu()
  const where = cpu === undefined ? 'not pinned, no taskset here' : `both on CPU ${cpu}`
  return kernels.map((kernel) => {
    const runs = runsApart([module, kernel, String(pages), program, join(folder, `${kernel}.state`)], cpu)
    const perPte = (/** @type {'engine' | 'anchor'} */ side) =>
      (median(runs.map((run) => run[side])) / pages).toFixed(2)
    return {
      what: `${name} on ${kernel} / plain C`,
      value: median(runs.map((run) => run.engine / run.anchor)),
      unit: 'x',
      budget,
      runs: runs.length,
      note: `engine ${perPte('engine')} ns a PTE, C ${perPte('anchor')} ns a PTE, same checksum, ${where}`
    }
  })
}

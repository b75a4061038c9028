/** `explore`: exit codes, the JSON document, and what a wrong model says. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { buildWorkerEntries } from '../../tools/testing/entries.mjs'
import type { ExploreDocument } from '../lab/explore/document'
import { formatDiagnostic, LabError } from '../lab/diagnostic'
import { Laboratory } from '../lab/laboratory'
import { monotonicMs } from '../lab/run/clock'
import { exploreCommand, type ExploreOptions } from './explore-command'
import { EXIT, type Io } from './io'
import { main } from './program'

let lab: Laboratory | undefined
let entries: Awaited<ReturnType<typeof buildWorkerEntries>>
let folder: string

beforeAll(async () => {
  entries = await buildWorkerEntries()
  folder = mkdtempSync(join(tmpdir(), 'explore-'))
}, 120_000)

afterAll(async () => {
  await lab?.dispose()
  entries.remove()
  rmSync(folder, { recursive: true, force: true })
})

interface Ran {
  readonly code: number
  readonly out: string
  readonly err: string
}

interface Wanted extends Partial<ExploreOptions> {
  /** The workers' code is not there. */
  readonly broken?: boolean
  readonly stop?: boolean
}

function around({ broken = false, stop = false }: Wanted) {
  const said = { out: '', err: '' }
  const io: Io = {
    out: (text) => void (said.out += text),
    err: (text) => void (said.err += text),
    live: false,
    columns: 80,
    interrupted: stop ? Promise.resolve() : new Promise<void>(() => undefined)
  }
  const env = {
    jobUrl: broken ? pathToFileURL(join(folder, 'nowhere.mjs')) : entries.jobUrl,
    checkUrl: entries.checkUrl,
    cores: 1,
    now: monotonicMs,
    timestamp: () => '2026-01-01T00:00:00.000Z',
    newRunId: () => 'run'
  }
  return { said, io, env }
}

/** The command in one laboratory for all tests: starting a checker takes a while. */
async function explore(path: string, wanted: Wanted = {}): Promise<Ran> {
  const { said, io, env } = around(wanted)
  const here = wanted.broken === true ? new Laboratory(env) : (lab ??= new Laboratory(env))
  const options = { json: false, check: false, now: monotonicMs, ...wanted }
  const code = await exploreCommand(path, options, here, io).catch((error: unknown) => {
    if (!(error instanceof LabError)) throw error
    io.err(formatDiagnostic(error.diagnostic))
    return EXIT.user
  })
  if (wanted.broken === true) await here.dispose()
  return { code, ...said }
}

/** A whole command line. */
async function cli(args: readonly string[]): Promise<Ran> {
  const { said, io, env } = around({})
  const code = await main(args, { io, env, examples: 'experiments', recordings: 'resources/recordings' })
  return { code, ...said }
}

const model = (name: string): string => join(process.cwd(), 'experiments/vmemmap', `${name}.ts`)

function script(body: string): string {
  const path = join(folder, 'model.ts')
  writeFileSync(path, `import { experiment, model } from 'contpte-lab'\n${body}\n`)
  return path
}

async function document(path: string, wanted: Wanted = {}): Promise<[number, ExploreDocument]> {
  const { code, out, err } = await explore(path, { ...wanted, json: true })
  expect(err).toBe('')
  return [code, JSON.parse(out) as ExploreDocument]
}

describe('explore', () => {
  it('of a safe model ends with 0 and says the bounds', async () => {
    const { code, out } = await cli(['explore', model('s6')])
    expect(code).toBe(0)
    expect(out).toMatch(/^holds for all \d+ states within these bounds$/m)
    expect(out).toContain('S6, 3 entries, 2 CPUs, FEAT_BBM 0, contents strict')
    const [json, { schema, verdict, bounds, states, ...rest }] = await document(model('s6'))
    expect([json, schema, verdict, rest]).toEqual([
      0,
      'contpte-lab/explore@1',
      'safe',
      { model: 'S6: contents made equal first' }
    ])
    expect(bounds).toMatchObject({ sequence: 'S6', cpus: 2, bbm: 0, content: 'strict' })
    expect(states).toBeGreaterThan(50)
  }, 60_000)

  it('of an unsafe one ends with 1 and the shortest counterexample', async () => {
    const { code, out } = await explore(model('s0'))
    expect(code).toBe(1)
    expect(out).toMatch(/B2 RWHZWS, H3: a live writable entry changes its output address directly/)
    const [json, told] = await document(model('s0'))
    expect(json).toBe(1)
    expect(Object.keys(told)).toEqual(['schema', 'model', 'bounds', 'verdict', 'states', 'rule', 'steps'])
    expect(told.steps!.at(-1)!.text).toContain('head := new RW')
  }, 60_000)

  it('of tasks says the same, and takes no options of sequences', async () => {
    const tasks = (name: string): string => join(process.cwd(), 'experiments/mte-models', `${name}.ts`)
    const { code, out } = await explore(tasks('release-first'))
    expect(code).toBe(1)
    expect(out).toContain('2 tasks, a CPU each: fault, another CPU')
    expect(out).toContain('H14: a process reads tags that are not those it set')
    expect(out).toMatch(/CPU 1 {2}another CPU: frees the slot and its tags/)
    const [json, told] = await document(tasks('release-last'), { maxStates: 1_000 })
    expect([json, told.verdict, told.rule]).toEqual([0, 'safe', undefined])
    expect((await explore(tasks('release-last'), { bbm: 1 })).err).toMatch(/bbm does not apply.*bad-model/)
  }, 120_000)

  it('takes CPUs, FEAT_BBM and the clause about contents from the command line', async () => {
    expect((await explore(model('split-direct'))).code).toBe(1)
    expect((await explore(model('split-direct'), { bbm: '2-noabort' })).code).toBe(0)
    expect((await explore(model('s4'))).code).toBe(1)
    const flags = ['--bbm', '1', '--content', 'ignored', '--cpus', '4', '--json', '--no-check']
    const { code, out } = await cli(['explore', model('s4'), ...flags])
    const { bounds } = JSON.parse(out) as ExploreDocument
    expect([code, bounds.cpus, bounds.bbm, bounds.content]).toEqual([0, 4, 1, 'ignored'])
  }, 60_000)

  it('writes its counterexample as an experiment that holds, typed and all', async () => {
    const path = join(folder, 'replay.ts')
    const { code, err } = await cli(['explore', model('s4'), '--cpus', '3', '--save-experiment', path])
    expect([code, err]).toEqual([1, `experiment ${path}\n`])
    const ran = await cli(['run', path])
    expect(ran.code).toBe(0)
    expect(ran.out).toContain('what the last choice does')
    const safe = await explore(model('s6'), { saveExperiment: join(folder, 'none.ts') })
    expect([safe.code, safe.err]).toEqual([
      0,
      `there is no counterexample: ${join(folder, 'none.ts')} was not written\n`
    ])
    const nowhere = await explore(model('s4'), { saveExperiment: join(path, 'below-a-file.ts') })
    expect(nowhere.code).toBe(2)
    expect(nowhere.err).toContain('[file-unwritable]')
  }, 60_000)

  it('ends with 4 where it cannot say: an open assumption, a bound, an interrupt', async () => {
    const [open, told] = await document(model('s4-refcount'))
    expect([open, told.verdict, told.bounds.decides]).toEqual([4, 'open', ['refcountChecks']])
    expect(told.rule).toContain('H6')
    const [full, { verdict, states, steps }] = await document(model('s2'), { maxStates: 20 })
    expect([full, verdict, states <= 40, steps]).toEqual([4, 'undecided', true, undefined])
    const many = script(
      `export default model({ title: 'Large', sequence: 'S6', tails: 5, cpus: 4, agents: [{ kind: 'refcount', entries: ['tail1', 'tail2', 'tail3'] }], assume: { refcountChecks: 'reliable' } })`
    )
    const stopped = await explore(many, { json: true, stop: true })
    expect([stopped.code, (JSON.parse(stopped.out) as ExploreDocument).verdict]).toEqual([4, 'undecided'])
  }, 60_000)

  it('ends with 2 on a mistake, and names the field', async () => {
    const wrong = async (body: string): Promise<string> => {
      const { code, err, out } = await explore(script(body))
      expect([code, out]).toEqual([2, ''])
      return err
    }
    expect(await wrong(`export default model({ title: 'x', sequence: 'S9' })`)).toMatch(
      /sequence: there is no 'S9' \(there are split-direct.*\[bad-model\]/
    )
    expect(
      await wrong(
        `export default model({ title: 'x', sequence: 'S0', agents: [{ kind: 'reader', entries: ['tail2'] }] })`
      )
    ).toContain("agents[0].entries: there is no 'tail2'")
    expect(await wrong(`export default experiment({ title: 'x', run() {} })`)).toContain('[no-model]')
    expect(
      await wrong(
        `export default model({ title: 'x', sequence: { entries: ['a'], frames: { f: 'head' }, start: {}, steps: [{ do: 'jump' }] } })`
      )
    ).toContain('sequence.steps[0].do must be one of')
    expect(await wrong('export default model(7)')).toContain('[bad-model]')
    expect((await cli(['explore', model('s0'), '--cpus', '9'])).code).toBe(2)
    expect((await cli(['explore', model('s0'), '--bbm', '3'])).code).toBe(2)
    expect((await explore(join(folder, 'nothing.ts'))).code).toBe(2)
  }, 60_000)

  it('ends with 3 on a defect of ours', async () => {
    const { code, err } = await explore(model('s0'), { broken: true })
    expect(code).toBe(3)
    expect(err).toContain('[internal]')
  }, 60_000)

  it('refuses a model in run', async () => {
    const { code, err } = await cli(['run', model('s0'), '--no-check'])
    expect(code).toBe(2)
    expect(err).toContain('contpte-lab explore')
  }, 60_000)
})

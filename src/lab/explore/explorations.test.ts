/** The calls about sequences: tables, verdicts, progress, cancel, and counterexamples as experiments. */
import { describe, expect, it } from 'vitest'
import { SEQUENCE_NAMES } from '../../engine/hugetlb/sequences'
import type { ExploreEvent, ExploreRequest } from '../../protocol/explore'
import { DEFAULT_LIMITS } from '../results/types'
import { monotonicMs } from '../run/clock'
import { Meter, meterMemory } from '../sandbox/meter'
import { runTask } from '../sandbox/task'
import { compileScript } from '../script/compile'
import { Explorations, MAX_EXPLORATIONS, type ModelOf } from './explorations'

const none: ModelOf = async () => ({ diagnostics: [] })
const made = (modelOf: ModelOf = none) => {
  const events: ExploreEvent[] = []
  return { events, service: new Explorations(modelOf, monotonicMs, (event) => events.push(event)).service() }
}

const known = (
  sequence: string,
  rest: Partial<ExploreRequest> = {},
  actors: Extract<ExploreRequest['source'], { kind: 'known' }>['actors'] = ['R', 'H frozen', 'N']
): ExploreRequest => ({
  id: sequence,
  source: { kind: 'known', sequence, tails: 7, actors },
  bounds: {},
  ...rest
})

/** A sequence of somebody's own. */
const OWN = {
  title: 'My own',
  source: 'me',
  sequence: {
    name: 'own one',
    entries: ['head', 'tail1'],
    frames: { a: 'head', 'my frame': 'tail' },
    start: { head: { frame: 'a', access: 'rw' }, tail1: { frame: 'my frame', access: 'rw' } },
    steps: [
      { do: 'write entry', entry: 'tail1', value: { frame: 'a', access: 'ro' }, why: "it's direct" },
      { do: 'dsb', domain: 'ishst' },
      { do: 'tlbi' },
      { do: 'dsb' }
    ]
  },
  agents: [{ kind: 'reader', entries: ['tail1'] }]
}

/** Runs an experiment of one cell in the sandbox. */
async function run(file: string, text: string) {
  const { code, diagnostics } = await compileScript(file, text)
  expect(diagnostics).toEqual([])
  const init = { file, text, code: code!, limits: DEFAULT_LIMITS, meter: meterMemory() }
  const cell = { index: 0, key: 'k', parameters: {}, seed: 1 }
  return runTask(init, new Meter(init.meter, monotonicMs), { kind: 'cell', cell }, () => undefined)
}

describe('a sequence as a table', () => {
  it('has entries 0 to 7 and the neighbour by step, judged under the configuration asked for', async () => {
    const { service } = made()
    const { sequences } = await service.knownSequences()
    expect(sequences.map(({ name }) => name)).toEqual(SEQUENCE_NAMES)
    const view = await service.sequenceView(known('S4'))
    expect(view.entries).toHaveLength(9)
    expect(view.steps.every(({ entries }) => entries.length === 9)).toBe(true)
    expect(view.cost).toMatchObject({ tlbis: 3, freed: 7, invalidSteps: 0 })
    expect([view.bbm, view.content, view.cpus]).toEqual(['0', 'strict', 2])
    expect(view.agents).toEqual([
      'the kernel reads through tail1',
      'the kernel stores through head, held off by the frozen refcount',
      'the kernel stores through neighbour',
      'the allocator hands freed pages to somebody who fills them'
    ])
    const broken = (steps: typeof view.steps): string[] =>
      steps.flatMap(({ findings }) =>
        findings.flatMap(({ verdict, rule, name, entry }) =>
          verdict === 'violates' ? [`${rule} ${name} ${entry}`] : []
        )
      )
    expect(broken(view.steps)).toEqual([1, 2, 3, 4, 5, 6, 7].map((tail) => `B2 RWHZWS tail${tail}`))
    const ignored = await service.sequenceView(known('S4', { bounds: { content: 'ignored' } }))
    expect(broken(ignored.steps)).toEqual([])
  })

  it('is a model of a script too; what is wrong with one has its code and place', async () => {
    const { service } = made(async (file) =>
      file === 'good.ts'
        ? { definition: OWN, diagnostics: [] }
        : {
            diagnostics: [{ code: 'no-model', severity: 'error', message: 'none', file, line: 3, column: 5 }]
          }
    )
    const view = await service.sequenceView({
      source: { kind: 'script', file: 'good.ts', text: '' },
      bounds: {}
    })
    expect([view.title, view.name, view.entries]).toEqual(['My own', 'own one', ['head', 'tail1']])
    const asked = service.sequenceView({ source: { kind: 'script', file: 'bad.ts', text: '' }, bounds: {} })
    await expect(asked).rejects.toMatchObject({ code: 'no-model', message: 'bad.ts:3:5: none' })
    await expect(service.sequenceView(known('S9'))).rejects.toMatchObject({ code: 'bad-model' })
  })
})

describe('an exploration', () => {
  it('answers that it holds, or the shortest counterexample with every state and TLB', async () => {
    const { service } = made()
    const safe = await service.explore(known('S6', { bounds: { cpus: 3, bbm: '2' } }))
    expect(safe.sentence).toMatch(/^holds for all \d+ states within these bounds$/)
    expect(safe.bounds).toBe('S6, 3 entries, 3 CPUs, FEAT_BBM 2, contents strict')
    expect([safe.verdict, safe.counterexample, safe.experiment]).toEqual(['safe', undefined, undefined])
    const { counterexample: told, progress } = await service.explore(known('S0'))
    expect(told).toMatchObject({
      property: 'break-before-make',
      hazard: 'H3',
      rule: 'B2 RWHZWS',
      entry: 'head'
    })
    expect(told!.states).toHaveLength(told!.steps.length)
    expect(told!.states[0]).toMatchObject({ done: 0, tlbs: [[], []] })
    expect(told!.states[0].entries.map(({ text }) => text)).toEqual(['old0 RW', 'old1 RW', 'neighbour RW'])
    expect(progress.states).toBeGreaterThan(0)
  })

  it('agrees with docs/vmemmap-verdicts.md: refcount attempts alone mind no contents', async () => {
    const { service } = made()
    const verdict = async (sequence: string, actor: 'R' | 'T' | 'H' | 'H frozen' | 'N') =>
      (await service.explore(known(sequence, {}, [actor]))).verdict
    expect(await verdict('S4', 'R')).toBe('counterexample')
    expect(await verdict('S4', 'T')).toBe('open')
    expect(await verdict('S4', 'H frozen')).toBe('safe')
    expect(await verdict('S4', 'H')).toBe('counterexample')
    expect(await verdict('S5', 'N')).toBe('counterexample')
  })

  it('tells how far it is, and ends when it is asked to with what it has', async () => {
    const large = { ...OWN, title: 'Large', sequence: 'S6', tails: 5, cpus: 4 }
    const agents = [{ kind: 'refcount', entries: ['tail1', 'tail2', 'tail3'] }]
    const assume = { refcountChecks: 'reliable' }
    const { service, events } = made(async () => ({
      definition: { ...large, agents, assume },
      diagnostics: []
    }))
    const request: ExploreRequest = {
      id: 'large',
      source: { kind: 'script', file: 'large.ts', text: '' },
      bounds: {}
    }
    const answer = service.explore(request)
    while (events.length < 2) await new Promise((next) => setImmediate(next))
    expect(await service.cancelExplore({ id: 'large' })).toEqual({ cancelled: true })
    const { verdict, cancelled, progress } = await answer
    expect([verdict, cancelled]).toEqual(['undecided', true])
    expect(events[1].states).toBeGreaterThan(events[0].states)
    expect(events[1].depth).toBeGreaterThanOrEqual(events[0].depth)
    expect(progress.states).toBeGreaterThanOrEqual(events[1].states)
    expect(await service.cancelExplore({ id: 'large' })).toEqual({ cancelled: false })
    const bounded = await service.explore({ ...request, maxStates: 100 })
    expect([bounded.verdict, bounded.cancelled]).toEqual(['undecided', false])
  })

  it('is refused beside four others', async () => {
    const waiting: (() => void)[] = []
    const { service } = made(
      () => new Promise((done) => waiting.push(() => done({ definition: OWN, diagnostics: [] })))
    )
    const source = { kind: 'script', file: 'a.ts', text: '' } as const
    const all = Array.from({ length: MAX_EXPLORATIONS }, (_, n) =>
      service.explore({ id: `${n}`, source, bounds: {} })
    )
    await expect(service.explore(known('S0'))).rejects.toMatchObject({ code: 'too-many-searches' })
    for (const go of waiting) go()
    await Promise.all(all)
    await expect(service.explore(known('S0'))).resolves.toMatchObject({ verdict: 'counterexample' })
  })
})

describe('a counterexample as an experiment', () => {
  it.each(['S0', 'S1', 'S4', 'S7-rfc', 'split-ro', 'split-nt'])(
    'replays that of %s and finds its harm',
    async (sequence) => {
      const { service } = made()
      const { experiment, counterexample } = await service.explore(known(sequence, {}, ['R', 'T', 'H', 'N']))
      expect(experiment!.file).toBe(`${sequence.toLowerCase()}-counterexample.ts`)
      const { expectations, rows, error, console } = await run(experiment!.file, experiment!.text)
      expect(error).toBeUndefined()
      expect(expectations.map(({ status, name }) => `${status} ${name}`)).toEqual([
        'pass what the last choice does'
      ])
      expect(rows[0]).toMatchObject({ metric: 'choices', value: counterexample!.steps.length })
      expect(console[0].text).toContain('at the start')
    }
  )

  it('of a sequence of the user’s own holds it whole, and fails once its schedule is another', async () => {
    const { service } = made(async () => ({ definition: OWN, diagnostics: [] }))
    const source = { kind: 'script', file: 'own.ts', text: '' } as const
    const { experiment } = await service.explore({
      id: 'own',
      source,
      bounds: { cpus: 3, content: 'ignored' }
    })
    const { file, text } = experiment!
    expect(file).toBe('own-one-counterexample.ts')
    expect(text).toContain(`'my frame': 'tail'`)
    expect(text).toContain(`why: "it's direct"`)
    expect((await run(file, text)).expectations.map(({ status }) => status)).toEqual(['pass'])
    const [only] = /'CPU 0: tail1 := a RO'/.exec(text)!
    const none = text.replace(`  ${only}\n`, '')
    expect((await run(file, none)).expectations.map(({ status }) => status)).toEqual(['fail'])
    const wrong = text.replace(`  ${only}`, `  'CPU 0: tail1 := a RW'`)
    expect((await run(file, wrong)).error).toMatchObject({
      code: 'bad-argument',
      message: expect.stringMatching(
        /replay: line 1 of the schedule, .* cannot happen there; what can: 'CPU 0: /
      )
    })
  })
})

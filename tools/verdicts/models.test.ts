/** Every model that comes with contpte-lab, evaluated in the sandbox and explored: each has the verdict it claims. */
import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { BbmLevel } from '../../src/engine/arch/bbm'
import { Explorer } from '../../src/explorer/explore'
import { modelOf, type ModelDefinition } from '../../src/explorer/model'
import { TasksExplorer } from '../../src/explorer/tasks'
import { isTasksDefinition, tasksModelOf } from '../../src/explorer/tasks-model'
import { VIOLATIONS } from '../../src/explorer/violation'
import { DEFAULT_LIMITS } from '../../src/lab/results/types'
import { monotonicMs } from '../../src/lab/run/clock'
import { Meter, meterMemory } from '../../src/lab/sandbox/meter'
import { runTask } from '../../src/lab/sandbox/task'
import { compileScript } from '../../src/lab/script/compile'

async function definition(path: string): Promise<ModelDefinition> {
  const text = readFileSync(path, 'utf8')
  const { code, diagnostics } = await compileScript(path, text)
  expect(diagnostics).toEqual([])
  const init = { file: path, text, code: code!, limits: DEFAULT_LIMITS, meter: meterMemory() }
  const { model, error } = await runTask(
    init,
    new Meter(init.meter, monotonicMs),
    { kind: 'model' },
    () => undefined
  )
  expect(error).toBeUndefined()
  return JSON.parse(model!) as ModelDefinition
}

function verdict(given: ModelDefinition, rest: Partial<ModelDefinition> = {}): string {
  if (isTasksDefinition(given)) {
    const { verdict: told, harm } = new TasksExplorer(tasksModelOf(given)).run()
    return harm === undefined ? told : `${told} ${harm.rule}`
  }
  const { verdict: told, found } = new Explorer(modelOf({ ...given, ...rest })).run()
  return found === undefined
    ? told
    : `${told} ${VIOLATIONS[found.code].hazard ?? VIOLATIONS[found.code].property}`
}

const VMEMMAP: Readonly<Record<string, string>> = {
  d0: 'counterexample H3',
  'd1-reset-first': 'counterexample H9',
  d1: 'safe',
  d7: 'safe',
  's0-batched': 'counterexample H3',
  's0-freed-early': 'counterexample H7',
  's0-head-not-frozen': 'counterexample H4',
  's0-x86': 'safe',
  s0: 'counterexample H3',
  s1: 'counterexample H2',
  s1b: 'safe',
  s2: 'safe',
  s3: 'counterexample H7',
  's4-refcount': 'open H6',
  s4: 'counterexample H9',
  s5: 'counterexample H5',
  's6-copy-early': 'open H9',
  's6-head-not-frozen': 'counterexample H5',
  's6-one-store': 'counterexample H3',
  's6-whole': 'safe',
  s6: 'safe',
  's7-rfc': 'counterexample H11',
  s7: 'safe',
  's8-refcount': 'open H11',
  s8: 'counterexample H11',
  'split-bbm-paused': 'safe',
  'split-bbm': 'counterexample H11',
  'split-direct': 'counterexample H8',
  'split-nt': 'counterexample H1',
  'split-ro': 'open H8'
}

const CONTPTE: Readonly<Record<string, string>> = {
  fold: 'safe',
  'fork-lock-break-flush': 'counterexample stale-translation',
  'fork-lock-break': 'safe',
  'fork-lock-break-refold': 'safe',
  'fork-lock-break-refold-in-place': 'counterexample stale-translation',
  'lockless-gather': 'safe',
  'lockless-gather-remap': 'safe',
  'lockless-gather-remap-unchecked': 'counterexample torn-gather',
  'lockless-gather-unchecked': 'counterexample torn-gather',
  'mprotect-half-unfolded': 'safe',
  'mprotect-half': 'counterexample stale-translation',
  'teardown-freed-early': 'counterexample H7',
  'teardown-unfold-first': 'counterexample H7',
  teardown: 'safe',
  'unfold-direct': 'counterexample H8',
  'unfold-store': 'counterexample lost-write',
  unfold: 'safe',
  'wrprotect-block': 'safe'
}

/** Models of tasks: verdict, and what is broken. */
const MTE: Readonly<Record<string, string>> = {
  'release-first-cached': 'safe',
  'release-first': 'counterexample H14',
  'release-last': 'safe',
  'remembered-folio-lock': 'safe',
  remembered: 'counterexample M5',
  'restore-flag-first-folio-lock': 'safe',
  'restore-flag-first': 'counterexample PG_mte_lock',
  restore: 'safe',
  'save-after-flush': 'safe',
  'save-before-flush': 'counterexample save after flush'
}

describe.each([
  ['experiments/vmemmap', VMEMMAP],
  ['experiments/contpte-models', CONTPTE],
  ['experiments/mte-models', MTE]
])('%s', (folder, wanted) => {
  it('has the models named here and nothing else', () => {
    expect(readdirSync(folder).sort()).toEqual(
      Object.keys(wanted)
        .map((name) => `${name}.ts`)
        .sort()
    )
  })

  it.each(Object.entries(wanted))('%s: %s', async (name, told) => {
    const given = await definition(`${folder}/${name}.ts`)
    for (const part of [given.title, given.claim, given.source]) expect(part).toMatch(/\S/)
    expect(verdict(given)).toBe(told)
  })
})

describe('unfolding directly', () => {
  it('needs level 1 by the rule, and CPUs that never abort', async () => {
    const given = await definition('experiments/contpte-models/unfold-direct.ts')
    const levels: readonly BbmLevel[] = [0, 1, 2, '2-noabort']
    expect(levels.map((bbm) => verdict(given, { bbm, properties: ['break-before-make'] }))).toEqual([
      'counterexample H8',
      'safe',
      'safe',
      'safe'
    ])
    expect(levels.map((bbm) => verdict(given, { bbm }))).toEqual([
      'counterexample H8',
      'counterexample H8',
      'counterexample H8',
      'safe'
    ])
  })
})

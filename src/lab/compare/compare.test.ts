import { readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { FUNCTION_NAMES } from '../../engine/trace/functions'
import { replayCase, selected, tallyFamilies, type CaseResult } from './compare'
import { COMPARED, isCompared, LEFT_OUT, leftOutTable } from './counts'
import { familyOf } from './families'
import { loadRecording, ownRecordings, type LoadedRecording } from './load'
import { parseRecording } from './parse'
import { caseLine, familyLine, stepText } from './report'
import type { Recording } from './schema'

const FOLDER = join(process.cwd(), 'resources/recordings')

describe('function counts', () => {
  let loaded: LoadedRecording[] = []
  beforeAll(() => {
    loaded = ownRecordings(FOLDER)
  }, 60_000)

  it('every recorded name is compared, or left out with a reason, and never both', () => {
    const recorded = new Set<string>()
    for (const { recording } of loaded) {
      for (const { steps } of recording.cases) {
        for (const { counts } of steps) for (const name of Object.keys(counts ?? {})) recorded.add(name)
      }
    }
    expect(recorded.size).toBeGreaterThan(200)
    const homeless = [...recorded].filter((name) => !isCompared(name) && !Object.hasOwn(LEFT_OUT, name))
    expect(homeless).toEqual([])
    expect(COMPARED.filter((name) => Object.hasOwn(LEFT_OUT, name))).toEqual([])
    // What stands in the table is there for a recording, not for show.
    expect(Object.keys(LEFT_OUT).filter((name) => !recorded.has(name))).toEqual([])
  })

  it('all of contpte, faults, copies, batches, folds and splits are compared', () => {
    const names = [
      ...FUNCTION_NAMES.filter((name) => name.includes('contpte') || name.includes('split')),
      ...['do_anonymous_page', 'do_wp_page', 'copy_page', 'copy_page_range', 'folio_pte_batch', '__set_ptes']
    ]
    expect(names.filter((name) => !isCompared(name))).toEqual([])
  })

  it('the page on comparisons holds the table of names left out, as it is', () => {
    expect(flat(readFileSync(join(process.cwd(), 'docs/compare.md'), 'utf8'))).toContain(flat(leftOutTable()))
  })
})

/** Tables as they read: without the padding that the formatter adds. */
function flat(markdown: string): string {
  return markdown.replace(/ +/g, ' ').replace(/\| -+ /g, '| --- ')
}

describe('families', () => {
  it.each([
    ['D.64kB.young@a72', 'D'],
    ['D.swap.64kB.part', 'D.swap'],
    ['R.mm.3', 'R.mm'],
    ['E.C.4kB.n32.plain.childgone@n1', 'E.C'],
    ['E.swap.2048kB.part', 'E.swap'],
    ['C.none', 'C'],
    ['C.none@n1', 'C'],
    ['Z.1', 'Z']
  ])('%s is of %s', (id, family) => {
    expect(familyOf(id)).toBe(family)
  })

  it('are tallied by what became of their cases', () => {
    const of = (id: string, status: CaseResult['status']): CaseResult => ({ id, file: 'f', status })
    const tallies = tallyFamilies([
      of('D.1', 'equal'),
      of('C.1', 'equal'),
      of('D.2', 'different'),
      of('D.swap.1', 'unsupported')
    ])
    expect(tallies.map(familyLine)).toEqual([
      'C: 1 equal, 0 different, 0 not supported',
      'D: 1 equal, 1 different, 0 not supported',
      'D.swap: 0 equal, 0 different, 1 not supported'
    ])
  })
})

/** Some cases of every kind of step. */
const SOME: readonly (readonly [file: string, ...ids: string[]])[] = [
  ['linux-6.12.A.json.gz', 'A.write.use_zero_page'],
  ['linux-6.12.C.json.gz', 'C.none', 'C.none@n1', 'C.special.young@a72', 'C.128kB.n32.pin.childgone'],
  ['linux-6.12.D.json.gz', 'D.16kB.collapse', 'D.64kB.young@a72', 'D.4kB.mlock@n1', 'D.2048kB.reads'],
  ['linux-6.12.D.json.gz', 'D.swap.4kB.all-read', 'D.swap.2048kB.twice', 'D.swap.64kB.zero-filled'],
  ['linux-6.12.R.json.gz', 'R.swap.15'],
  ['linux-6.1.E.json.gz', 'E.swap.4kB.free-out', 'E.swap.2048kB.part'],
  [
    'linux-6.1.E.json.gz',
    'E.C.none@n1',
    'E.D.2048kB.munmap-head@n1',
    'E.C.pmd.n512.plain.grandfamily',
    'E.R.19'
  ],
  ['linux-6.12-16k.G.json.gz', 'G.512kB.parentwrites'],
  ['linux-6.12.F.json.gz', 'F.hugetlb.64kB.fork', 'F.hugetlb.2048kB.mprotect', 'F.hugetlb.32768kB.nopool'],
  ['linux-6.1.E.json.gz', 'E.hugetlb.vmemmap', 'E.hugetlb.64kB.mprotect', 'E.hugetlb.2048kB.forkgone']
]

describe('a replay', () => {
  it.each(SOME)(
    'of cases of %s is a recording, and equal to itself and to the recorded one',
    (file, ...ids) => {
      const { recording } = loadRecording(join(FOLDER, file))
      const cases = recording.cases.filter(({ id }) => ids.includes(id))
      expect(cases.length).toBe(ids.length)
      const replayed = cases.map((each) => {
        const outcome = replayCase(recording, each, file)
        expect([each.id, outcome.result.status, outcome.differences]).toEqual([each.id, 'equal', []])
        return { ...each, steps: outcome.steps }
      })
      const again: Recording = { ...recording, cases: replayed }
      const read = parseRecording(JSON.stringify(again), basename(file))
      for (const each of read.cases) {
        expect(replayCase(read, each, file).differences, each.id).toEqual([])
      }
    }
  )

  it('has the huge zero page where an earlier case of the boot left it', () => {
    const { recording } = loadRecording(join(FOLDER, 'linux-6.12.B.json.gz'))
    const allocated = (id: string) => {
      const each = recording.cases.find((one) => one.id === id)
      if (each === undefined) throw new Error(`no case ${id}`)
      return replayCase(recording, each, 'B').steps.map(({ vm }) => vm?.thp_zero_page_alloc ?? 0)
    }
    expect(allocated('B.zero.2048.zp1')).toContain(1)
    expect(allocated('B.zero.64+2048.zp1')).not.toContain(1)
  })

  it('says the first step and field that differ, with both values', () => {
    const { recording } = loadRecording(join(FOLDER, 'linux-6.12.C.json.gz'))
    const [each] = selected({ file: 'C', recording }, ['C.128kB.n32.pin.childgone'])
    const at = each.steps.findIndex(({ op }) => op === 'fork')
    const steps = each.steps.map((step) =>
      step.i < at ? step : { ...step, counts: { ...step.counts, copy_page: 99 } }
    )
    const outcome = replayCase(recording, { ...each, steps }, 'C')
    expect(outcome.result).toMatchObject({
      status: 'different',
      step: at,
      field: 'counts.copy_page',
      recorded: 99
    })
    expect(caseLine(each, outcome)).toMatch(
      /^different +C\.128kB\S+ +step \d+ fork c="c1" \(p\): counts\.copy_page: recorded 99, simulated \d+$/
    )
    expect(stepText(each, outcome)).toContain('the step as recorded')
  })

  it('of what is not simulated says so', () => {
    const { recording } = loadRecording(join(FOLDER, 'linux-6.12.C.json.gz'))
    const [each] = recording.cases
    const [name] = Object.keys(recording.boots)
    const strange = { ...recording, kernel: 'linux-2.4' }
    const outcome = replayCase(strange, { ...each, boot: name }, 'C')
    expect(outcome.result).toMatchObject({
      status: 'unsupported',
      simulated: 'the kernel linux-2.4 is not simulated'
    })
    const strangeStep = { i: 0, op: 'ioctl', args: { r: 'r0', n: 512 }, who: 'p' }
    expect(replayCase(recording, { ...each, steps: [strangeStep] }, 'C').result).toMatchObject({
      status: 'unsupported',
      step: 0
    })
  })
})

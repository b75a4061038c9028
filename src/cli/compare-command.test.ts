/** `compare`: exit codes, the JSON document, and replays as files. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import { afterAll, describe, expect, it } from 'vitest'
import type { LabError } from '../lab/diagnostic'
import { compareCommand, type CompareOptions } from './compare-command'
import { EXIT, type Io } from './io'

const folder = mkdtempSync(join(tmpdir(), 'compare-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const RECORDINGS = join(process.cwd(), 'resources/recordings')

async function compare(files: readonly string[], options: Partial<CompareOptions> = {}) {
  let out = ''
  const io: Io = {
    out: (text) => (out += text),
    err: () => undefined,
    live: false,
    columns: 80,
    interrupted: new Promise<void>(() => undefined)
  }
  const code = await compareCommand(
    files,
    { only: [], json: false, verbose: false, recordings: RECORDINGS, ...options },
    io
  )
  return { code, out }
}

const C = join(RECORDINGS, 'linux-6.12.C.json.gz')
const GRID = ['C.none', 'C.64kB.n32.hole']

/** A case of the document `contpte-lab/compare@1`: these keys and no others. */
interface CaseDocument {
  readonly id: string
  readonly file: string
  readonly status: 'equal' | 'different' | 'unsupported'
  readonly step?: number
  readonly field?: string
  readonly recorded?: unknown
  readonly simulated?: unknown
}

const KEYS = ['id', 'file', 'status', 'step', 'field', 'recorded', 'simulated']

/** The cases of the document in `text`, which must be one in form. */
function casesOf(text: string): readonly CaseDocument[] {
  const document = JSON.parse(text) as { schema: string; cases: readonly CaseDocument[] }
  expect(Object.keys(document)).toEqual(['schema', 'cases'])
  expect(document.schema).toBe('contpte-lab/compare@1')
  for (const each of document.cases) {
    expect(Object.keys(each).filter((key) => !KEYS.includes(key))).toEqual([])
    expect([typeof each.id, typeof each.file]).toEqual(['string', 'string'])
    expect(['equal', 'different', 'unsupported']).toContain(each.status)
    expect(each.step === undefined ? each.status : Number.isInteger(each.step)).toBe(
      each.step === undefined ? 'equal' : true
    )
  }
  return document.cases
}

/** The recording of C with one count altered in one case. */
function altered(id: string): string {
  const recording = JSON.parse(gunzipSync(readFileSync(C)).toString()) as {
    cases: { id: string; steps: { op: string; counts?: Record<string, number> }[] }[]
  }
  const step = recording.cases.find((each) => each.id === id)?.steps.find(({ op }) => op === 'fork')
  if (step?.counts === undefined) throw new Error('no such step')
  step.counts.copy_page_range += 1
  const path = join(folder, 'altered.json.gz')
  writeFileSync(path, gzipSync(JSON.stringify(recording)))
  return path
}

describe('compare', () => {
  it('of equal cases ends with 0 and a line a family', async () => {
    const { code, out } = await compare([], { only: GRID })
    expect(code).toBe(EXIT.ok)
    const lines = out.trimEnd().split('\n')
    expect(lines.at(-1)).toMatch(/^C: \d+ equal, 0 different, 0 not supported$/)
    expect(lines.slice(0, -1).every((line) => line.startsWith('equal'))).toBe(true)
  })

  it('of a case that differs ends with 1, and names step, field and both values', async () => {
    const path = altered('C.none@n1')
    const { code, out } = await compare([path], { only: ['C.none'], verbose: true })
    expect(code).toBe(EXIT.fails)
    expect(out).toMatch(
      /^different +C\.none@n1 +step 1 fork c="c1" \(p\): counts\.copy_page_range: recorded 7, simulated 6$/m
    )
    expect(out).toMatch(/^C: 2 equal, 1 different, 0 not supported$/m)
    expect(out).toContain('the step as simulated')
  })

  it('prints one document', async () => {
    const { code, out } = await compare([altered('C.none@n1')], { only: ['C.none'], json: true })
    expect(code).toBe(EXIT.fails)
    const cases = casesOf(out)
    expect(cases.map(({ id, status }) => [id, status])).toEqual([
      ['C.none', 'equal'],
      ['C.none@n1', 'different'],
      ['C.none@a72', 'equal']
    ])
    expect(cases[1]).toMatchObject({ step: 1, field: 'counts.copy_page_range', recorded: 7, simulated: 6 })
    expect(cases[0]).toEqual({ id: 'C.none', file: cases[1].file, status: 'equal' })
  })

  it('says in the document what is not simulated', async () => {
    const strange = gunzipSync(readFileSync(C)).toString().replace('"linux-6.12"', '"linux-2.4"')
    const path = join(folder, 'strange.json')
    writeFileSync(path, strange)
    const { code, out } = await compare([path], { only: ['C.none'], json: true })
    expect(code).toBe(EXIT.fails)
    const cases = casesOf(out)
    expect(cases.length).toBe(3)
    for (const each of cases) expect(each).toMatchObject({ status: 'unsupported', step: 0 })
  })

  it('writes replays that compare equal to the simulator, in the recordings’ own schema', async () => {
    const first = await compare([], { only: GRID, replay: folder })
    expect(first.code).toBe(EXIT.ok)
    const path = join(folder, 'linux-6.12.C.json')
    const written = readFileSync(path, 'utf8')
    const cases = (JSON.parse(written) as { cases: { id: string }[] }).cases.map(({ id }) => id)
    expect(cases.length).toBe(first.out.split('\n').filter((line) => line.startsWith('equal')).length)
    // One case a line, between the head and the end.
    expect(written.trimEnd().split('\n').length).toBe(cases.length + 2)
    expect((await compare([path])).code).toBe(EXIT.ok)
  })

  it('refuses what nobody can have meant', async () => {
    const code = async (act: Promise<unknown>) =>
      act.then(String, (error: unknown) => (error as LabError).code)
    expect(await code(compare([C], { only: ['X.'] }))).toBe('bad-option')
    expect(await code(compare([join(folder, 'nowhere.json')]))).toBe('file-unreadable')
    const broken = join(folder, 'broken.json')
    writeFileSync(broken, '{')
    expect(await code(compare([broken]))).toBe('bad-recording')
    expect(await code(compare([C], { only: ['C.none'], replay: broken }))).toBe('file-unwritable')
  })
})

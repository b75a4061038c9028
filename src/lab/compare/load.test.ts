/** What a broken recording is answered: a code, the file, and the place in it. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, describe, expect, it } from 'vitest'
import { LabError } from '../diagnostic'
import { loadRecording, recordingsIn } from './load'

const folder = mkdtempSync(join(tmpdir(), 'recordings-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const FEATURES = { hafdbs: 2, tlb: 2, bbm: 2, mte: 0, asid16: true, cnp: 1 }
const BOOT = {
  cpu: 'max',
  mte: false,
  append: '',
  page_size: 4096,
  features: FEATURES,
  registers: {},
  warnings: []
}

/** A small whole recording, with the parts that a test wants otherwise. */
function recording(steps: readonly object[], rest: object = {}): object {
  const each = { id: 'X.1', family: 'X', boot: 'b', title: 'a case', steps }
  return {
    schema: 1,
    kernel: 'linux-6.12',
    version: '',
    packages: '',
    boots: { b: BOOT },
    cases: [each],
    ...rest
  }
}

const MMAP = { i: 0, op: 'mmap', args: { r: 'r0', n: 16 }, who: 'p', rc: 0 }

function refused(name: string, bytes: string | Buffer): { code: string; message: string; file?: string } {
  writeFileSync(join(folder, name), bytes)
  try {
    loadRecording(join(folder, name), name)
  } catch (error) {
    if (error instanceof LabError) {
      return { code: error.code, message: error.message, file: error.diagnostic.file }
    }
    throw error
  }
  throw new Error('it was taken')
}

describe('a recording', () => {
  it('is read as JSON and as gzip, whatever its name says', () => {
    const text = JSON.stringify(recording([MMAP]))
    writeFileSync(join(folder, 'a.json'), text)
    writeFileSync(join(folder, 'b.json.gz'), gzipSync(text))
    writeFileSync(join(folder, 'c.json'), gzipSync(text))
    writeFileSync(join(folder, 'notes.txt'), 'no recording')
    const names = recordingsIn(folder)
    expect(names.map((name) => name.slice(folder.length + 1))).toEqual(['a.json', 'b.json.gz', 'c.json'])
    for (const name of names) expect(loadRecording(name).recording.cases[0].id).toBe('X.1')
  })

  it.each([
    ['not JSON', '{"schema": 1,', /^the recording: it is not JSON/],
    ['no object', '[]', /^the recording: it must be an object, not a list/],
    ['no schema', '{}', /'schema' is missing/],
    ['another schema', JSON.stringify(recording([], { schema: 2 })), /^schema: it must be one of 1, not 2/],
    ['no cases', JSON.stringify(recording([], { cases: {} })), /^cases: it must be a list, not an object/],
    [
      'a boot that is none',
      JSON.stringify(recording([], { boots: {} })),
      /^case X\.1\.boot: there is no boot 'b'/
    ],
    [
      'a boot without pages',
      JSON.stringify(recording([], { boots: { b: { ...BOOT, page_size: 8192 } } })),
      /^boots\.b\.page_size: /
    ],
    [
      'an unknown operation',
      JSON.stringify(recording([{ ...MMAP, op: 'mmap2' }])),
      /^case X\.1 step 0\.op: /
    ],
    [
      'an argument that is none',
      JSON.stringify(recording([{ ...MMAP, args: { r: 'r0', n: 16, pages: 3 } }])),
      /step 0\.args: there is no field 'pages'/
    ],
    [
      'a missing argument',
      JSON.stringify(recording([{ ...MMAP, args: { r: 'r0' } }])),
      /step 0\.args: 'n' is missing/
    ],
    ['a step out of order', JSON.stringify(recording([{ ...MMAP, i: 4 }])), /step 0\.i: it must be 0, not 4/],
    ['nobody', JSON.stringify(recording([{ ...MMAP, who: undefined }])), /step 0: 'who' is missing/],
    [
      'a negative count',
      JSON.stringify(recording([{ ...MMAP, counts: { do_page_fault: -1 } }])),
      /step 0\.counts\.do_page_fault: it must not be negative/
    ],
    [
      'a run of an unknown kind',
      JSON.stringify(
        recording([{ ...MMAP, state: [{ who: 'p', r: 'r0', runs: [{ at: 0, n: 1, kind: 'pud' }] }] }])
      ),
      /step 0\.state\[0\]\.runs\[0\]\.kind: /
    ],
    [
      'a field beside the schema',
      JSON.stringify(recording([{ ...MMAP, cycles: 3 }])),
      /there is no field 'cycles'/
    ]
  ])('%s is refused with its place', (_what, text, message) => {
    const { code, message: said, file } = refused('broken.json', text)
    expect({ code, file }).toEqual({ code: 'bad-recording', file: 'broken.json' })
    expect(said).toMatch(message)
  })

  it('says that a gzip file is cut short, damaged, or no text', () => {
    const whole = gzipSync(JSON.stringify(recording([MMAP])))
    expect(refused('cut.json.gz', whole.subarray(0, whole.length - 20)).message).toMatch(/does not unpack/)
    const bent = Buffer.from(whole)
    bent[20] ^= 0xff
    expect(refused('bent.json.gz', bent).code).toBe('bad-recording')
    expect(refused('bytes.json', Buffer.from([0x7b, 0xff, 0xfe])).message).toMatch(/not UTF-8/)
  })

  it('says why a file cannot be read', () => {
    expect(() => loadRecording(join(folder, 'nowhere.json'))).toThrow(/there is no such file/)
    expect(() => loadRecording(folder)).toThrow(/it is a folder/)
    expect(() => recordingsIn(join(folder, 'nowhere'))).toThrow(LabError)
  })
})

import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { strFromU8, unzipSync, zipSync, type Zippable } from 'fflate'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { buildWorkerEntries } from '../../../tools/testing/entries.mjs'
import type { RunRecord } from '../../protocol/services'
import { LabError } from '../diagnostic'
import { Laboratory } from '../laboratory'
import { monotonicMs } from '../run/clock'
import { sha256, type Bundle } from './build'
import { openBundle } from './read'
import { firstDifference, verifyBundle } from './verify'
import { zipFiles } from './zip'

/** More by `MUTATIONS=10000 npx vitest run src/lab/bundle`. */
const MUTATIONS = Number(process.env.MUTATIONS ?? 1000)

const SCRIPT = `import { experiment } from 'contpte-lab'
export default experiment({
  title: 'Bundled',
  parameters: { kernel: ['no-contpte', 'contpte-v2'], pages: [16, 32] },
  run({ parameters, machine, record, expect }) {
    const m = machine({ kernel: parameters.kernel })
    m.sysfs.write('hugepages-64kB/enabled', 'always')
    const region = m.spawn().mmap({ bytes: parameters.pages * 4096 })
    region.write()
    record('folded', region.foldedBlocks())
    expect(region.foldedBlocks(), 'folded').toBe(99)
  },
  conclude({ chart }) {
    chart('Folded blocks!', { mark: 'bar', encoding: { x: { field: 'pages', type: 'ordinal' } } })
    chart('Folded blocks!', { mark: 'point', encoding: { y: { field: 'value', type: 'quantitative' } } })
  }
})
`

let entries: Awaited<ReturnType<typeof buildWorkerEntries>>
let lab: Laboratory
let record: RunRecord
let bundle: Bundle

beforeAll(async () => {
  entries = await buildWorkerEntries()
  lab = new Laboratory({
    jobUrl: entries.jobUrl,
    checkUrl: entries.checkUrl,
    cores: 2,
    now: monotonicMs,
    timestamp: () => '2026-01-01T00:00:00.000Z',
    newRunId: () => 'run'
  })
  const request = {
    file: '/home/somebody/secret/my bundle.ts',
    text: SCRIPT,
    seed: 7,
    parameters: { pages: [16] }
  }
  record = await lab.startRun(request).done
  bundle = await lab.bundle(record)
}, 120_000)

afterAll(async () => {
  await lab.dispose()
  entries.remove()
})

/** The bundle with some files changed, as another zip tool would write it. */
function rezipped(change: (files: Record<string, Uint8Array>) => void): Uint8Array {
  const files = unzipSync(bundle.bytes)
  change(files)
  return zipSync(
    Object.fromEntries(
      Object.entries(files).map(([path, data]) => [
        path,
        [data, { mtime: new Date(1980, 0, 1), level: 9, os: 3 }]
      ])
    ) as Zippable
  )
}

const text = (content: string): Uint8Array => new TextEncoder().encode(content)

function refusal(bytes: Uint8Array): string {
  try {
    openBundle(bytes)
  } catch (error) {
    if (error instanceof LabError) return `${error.code}: ${error.message}`
    throw error
  }
  return 'none'
}

describe('a bundle', () => {
  it('holds what it says, and every file with its hash', () => {
    const files = unzipSync(bundle.bytes)
    expect(Object.keys(files)).toEqual([
      'charts/01-folded-blocks.svg',
      'charts/01-folded-blocks.vl.json',
      'charts/02-folded-blocks.svg',
      'charts/02-folded-blocks.vl.json',
      'environment.json',
      'expectations.json',
      'experiment/my bundle.ts',
      'manifest.json',
      'parameters.json',
      'results.csv',
      'results.json'
    ])
    expect(strFromU8(files['experiment/my bundle.ts'])).toBe(SCRIPT)
    expect(JSON.parse(strFromU8(files['parameters.json']))).toEqual({
      seed: 7,
      parameters: { kernel: ['no-contpte', 'contpte-v2'], pages: [16] }
    })
    expect(strFromU8(files['results.csv']).split('\r\n').slice(0, 2)).toEqual([
      'kernel,pages,metric,value,unit',
      'no-contpte,16,folded,0,1'
    ])
    const manifest = JSON.parse(strFromU8(files['manifest.json'])) as {
      files: { path: string; bytes: number; sha256: string }[]
    }
    expect(manifest.files.map(({ path }) => path)).toEqual(
      Object.keys(files).filter((path) => path !== 'manifest.json')
    )
    for (const { path, bytes, sha256: hash } of manifest.files) {
      expect([files[path].length, sha256(files[path])]).toEqual([bytes, hash])
    }
    expect(bundle.name).toBe('my bundle.zip')
  })

  it('is the same bytes for the same input, with other workers, and from a stored record', async () => {
    const request = { file: 'my bundle.ts', text: SCRIPT, seed: 7, parameters: { pages: [16] }, workers: 1 }
    const again = await lab.startRun(request).done
    expect((await lab.bundle(again)).sha256).toBe(bundle.sha256)
    expect((await lab.bundle(JSON.parse(JSON.stringify(record)) as RunRecord)).sha256).toBe(bundle.sha256)
  })

  it('holds the traces of a traced run and bookmarks in them, and is verified with both', async () => {
    const request = {
      file: 'traced.ts',
      text: SCRIPT,
      seed: 7,
      parameters: { kernel: ['contpte-v2'], pages: [16, 32] },
      trace: { limit: 5_000 }
    }
    const traced = await lab.startRun(request).done
    const marked = [
      { cell: 1, event: 20, note: 'the block folds' },
      { cell: 0, event: 3, note: '' }
    ]
    const packed = await lab.bundle(traced, marked)
    const files = unzipSync(packed.bytes)
    expect(Object.keys(files).filter((path) => path.startsWith('traces/'))).toEqual([
      'traces/cell-0.json',
      'traces/cell-1.json'
    ])
    expect(JSON.parse(strFromU8(files['parameters.json']))).toMatchObject({ trace: { limit: 5_000 } })
    expect(JSON.parse(strFromU8(files['bookmarks.json']))).toEqual([marked[1], marked[0]])
    const rows = traced.rows.filter(({ metric }) => metric === 'folded')
    const { traceEvents } = JSON.parse(strFromU8(files['traces/cell-1.json'])) as {
      traceEvents: { cat?: string; args?: { event?: number } }[]
    }
    // What the results say of their events is what the trace beside them says.
    expect(traceEvents.find(({ cat }) => cat === 'row')?.args?.event).toBe(rows[1].event)
    expect(rows[1].event).toBeGreaterThan(0)
    expect(JSON.parse(strFromU8(files['expectations.json']))).toMatchObject([
      { event: rows[0].event },
      { event: rows[1].event }
    ])
    const verified = await verifyBundle(packed.bytes, lab)
    expect(verified.files.filter(({ difference }) => difference !== undefined)).toEqual([])
    expect(verified.verdict).toBe('same')
  }, 60_000)

  it('holds nothing of the user, the machine or the time', () => {
    const all = Object.values(unzipSync(bundle.bytes))
      .map((data) => strFromU8(data))
      .join('\n')
    expect(all).not.toMatch(/somebody|secret|\/home|2026-01-01|startedAt|elapsed|workers/)
    expect(all).not.toContain(process.cwd())
    if (process.env.USER) expect(all.split(/\W+/)).not.toContain(process.env.USER)
  })

  it('has the same bytes in another time zone', () => {
    // The zone of a process is fixed when it starts, so others write the zip.
    const zip = fileURLToPath(new URL('../../../node_modules/fflate/esm/index.mjs', import.meta.url))
    const source = `import { zipSync } from ${JSON.stringify(zip)}; process.stdout.write(Buffer.from(zipSync({ a: [new Uint8Array(9), { mtime: new Date(1980, 0, 1, 0, 0, 0), level: 9, os: 3 }] })).toString('hex'))`
    const here = Buffer.from(zipFiles([{ path: 'a', bytes: new Uint8Array(9) }])).toString('hex')
    for (const TZ of ['UTC', 'Asia/Tokyo', 'America/St_Johns', 'Pacific/Auckland']) {
      expect(
        execFileSync(process.execPath, ['--input-type=module', '-e', source], {
          env: { ...process.env, TZ },
          encoding: 'utf8'
        })
      ).toBe(here)
    }
  })

  it('is made of a finished run only', async () => {
    await expect(lab.bundle({ ...record, status: 'cancelled' })).rejects.toThrow(
      'only a finished run has a bundle'
    )
  })
})

describe('verifying', () => {
  it('finds the bundle the same, though its expectations fail', async () => {
    const found = await verifyBundle(bundle.bytes, lab)
    expect(found.verdict).toBe('same')
    expect(found.otherEngine).toBeUndefined()
    expect(found.files).toHaveLength(11)
    expect(found.files.every((file) => file.difference === undefined)).toBe(true)
  })

  it('names the file and the row of one changed number', async () => {
    const changed = rezipped((files) => {
      files['results.csv'] = text(
        strFromU8(files['results.csv']).replace('contpte-v2,16,folded,1,1', 'contpte-v2,16,folded,2,1')
      )
    })
    const found = await verifyBundle(changed, lab)
    expect(found.verdict).toBe('different')
    expect(found.files.filter((file) => file.difference)).toEqual([
      {
        path: 'results.csv',
        difference: expect.stringMatching(
          /^line \d+: the bundle has contpte-v2,16,folded,2,1, the re-run contpte-v2,16,folded,1,1 \(its SHA-256 is not the one in the manifest\)$/
        ) as string
      }
    ])
  })

  it('is not deceived by a manifest that was changed too', async () => {
    const changed = rezipped((files) => {
      files['results.csv'] = text(strFromU8(files['results.csv']).replace('folded,1,1', 'folded,2,1'))
      const old = JSON.parse(strFromU8(files['manifest.json'])) as {
        files: { path: string; bytes: number; sha256: string }[]
      }
      const listed = old.files.map((file) =>
        file.path === 'results.csv' ? { ...file, sha256: sha256(files['results.csv']) } : file
      )
      files['manifest.json'] = text(`${JSON.stringify({ ...old, files: listed }, undefined, 2)}\n`)
    })
    const found = await verifyBundle(changed, lab)
    expect(found.verdict).toBe('different')
    expect(found.files.filter((file) => file.difference).map((file) => file.path)).toEqual([
      'manifest.json',
      'results.csv'
    ])
  })

  it('says first that another engine made it', async () => {
    const hash = 'f'.repeat(64)
    const changed = rezipped((files) => {
      files['manifest.json'] = text(
        strFromU8(files['manifest.json']).replace(/"hash": "[0-9a-f]{64}"/, `"hash": "${hash}"`)
      )
    })
    const found = await verifyBundle(changed, lab)
    expect(found.otherEngine?.hash).toBe(hash)
    expect(found.verdict).toBe('different')
  })

  it('sees files too many and too few', async () => {
    const more = await verifyBundle(
      rezipped((files) => (files['more.txt'] = text('x'))),
      lab
    )
    expect(more.files.find((file) => file.path === 'more.txt')?.difference).toContain(
      'the re-run does not make this file'
    )
    const less = await verifyBundle(
      rezipped((files) => delete files['results.csv']),
      lab
    )
    expect(less.files.find((file) => file.path === 'results.csv')?.difference).toContain(
      'the bundle does not have this file'
    )
  })

  it('sees a zip packed otherwise', async () => {
    const files = unzipSync(bundle.bytes)
    const found = await verifyBundle(zipSync(files, { level: 1, mtime: new Date(1999, 1, 1) }), lab)
    expect(found.verdict).toBe('different')
    expect(found.files.at(-1)?.path).toBe('the zip itself')
  })

  it('says why a script does not run here', async () => {
    const found = await verifyBundle(
      rezipped((files) => (files['experiment/my bundle.ts'] = text("throw new Error('no')"))),
      lab
    )
    expect(found.verdict).toBe('failed')
    expect(found.diagnostics).toMatchObject([{ code: 'script-error', line: 1 }])
  })

  it('finds the first difference', () => {
    expect(firstDifference(text('a\nb'), text('a\nb'))).toBeUndefined()
    expect(firstDifference(text('a\nb'), text('a\nc'))).toBe('line 2: the bundle has b, the re-run c')
    expect(firstDifference(text('a\nb'), text('a'))).toBe('line 2: the bundle has b, the re-run nothing')
    expect(firstDifference(new Uint8Array([255, 1]), new Uint8Array([255, 2]))).toBe('byte 1 differs')
  })
})

/** A zip with one file whose directory entry can be bent. */
function bent(
  path: string,
  change: (view: DataView, central: number) => void = () => undefined,
  content = 'x'
): Uint8Array {
  const bytes = zipFiles([{ path, bytes: text(content) }])
  const view = new DataView(bytes.buffer)
  change(view, view.getUint32(bytes.length - 6, true))
  return bytes
}

describe('bundles from strangers are data', () => {
  it.each([
    ['no zip', text('hello, this is no zip at all'), 'bundle-unreadable'],
    ['nothing', new Uint8Array(0), 'bundle-unreadable'],
    ['a path upwards', bent('../../etc/passwd'), 'bundle-refused: refused: "../../etc/passwd" leads out'],
    ['a path upwards inside', bent('a/../../b'), 'leads out of the bundle'],
    ['an absolute path', bent('/etc/passwd'), 'leads out of the bundle'],
    ['a path of Windows', bent('..\\..\\b'), 'has a character that no path of a bundle has'],
    ['a drive', bent('C:b'), 'has a character'],
    ['a control character', bent('a\nb'), 'has a character'],
    [
      'a link',
      bent('a', (view, at) => view.setUint32(at + 38, 0xa1ff0000, true)),
      'is a link or a special file'
    ],
    ['an encrypted file', bent('a', (view, at) => view.setUint16(at + 8, 1, true)), 'is encrypted'],
    [
      'an unknown method',
      bent('a', (view, at) => view.setUint16(at + 10, 12, true)),
      'is packed by method 12'
    ],
    [
      'a file too large',
      bent('a', (view, at) => view.setUint32(at + 24, 0xfffffff0, true)),
      'is larger than'
    ],
    [
      'a bomb',
      bent('a', (view, at) => view.setUint32(at + 24, 10, true), 'x'.repeat(10_000_000)),
      'unpacks to more than it says'
    ],
    [
      'a wrong size',
      bent('a', (view, at) => view.setUint32(at + 24, 10, true)),
      'bundle-damaged: a: has 1 bytes, its header says 10'
    ],
    [
      'a wrong checksum',
      bent('a', (view, at) => view.setUint32(at + 16, 1, true)),
      'bundle-damaged: a: its CRC-32'
    ],
    ['no manifest', bent('a'), 'bundle-damaged: manifest.json: it is missing'],
    ['a broken manifest', bent('manifest.json', undefined, '{'), 'manifest.json: it is not JSON'],
    ['an empty manifest', bent('manifest.json', undefined, '{}'), 'bundle-damaged: manifest.json: '],
    [
      'a deep manifest',
      bent('manifest.json', undefined, '['.repeat(100_000)),
      'bundle-damaged: manifest.json: '
    ]
  ])('%s', (_, bytes, message) => {
    expect(refusal(bytes)).toContain(message)
  })

  it('a name twice, also in another case', () => {
    const both = zipSync({ ab: text('1'), aC: text('2') })
    const at = Buffer.from(both).lastIndexOf('aC')
    for (const second of ['ab', 'AB']) {
      const changed = both.slice()
      changed.set(text(second), at)
      expect(refusal(changed)).toContain('is there twice')
    }
  })

  it('two files that share their data', () => {
    // `b` lies whole inside the data of `a`, as in the bombs that overlap their files.
    const b = zipSync({ b: text('same') }, { level: 0 }).slice(0, 30 + 'b'.length + 'same'.length)
    const both = zipSync({ a: b, b: text('same') }, { level: 0 })
    const second = Buffer.from(both).lastIndexOf(Buffer.from([0x50, 0x4b, 1, 2]))
    new DataView(both.buffer).setUint32(second + 42, 30 + 'a'.length, true)
    expect(refusal(both)).toContain('shares its data with another file')
  })

  it('a manifest whose script is elsewhere', () => {
    for (const script of [
      '../x.ts',
      'experiment/../x.ts',
      'experiment/a/x.ts',
      'results.csv',
      'experiment/'
    ]) {
      const changed = rezipped((files) => {
        files['manifest.json'] = text(
          strFromU8(files['manifest.json']).replace('experiment/my bundle.ts', script)
        )
      })
      expect(refusal(changed)).toContain('is no place for the script')
    }
  })

  it('any changed byte is a typed refusal or a difference, never a crash', () => {
    const change = fc.record({ at: fc.nat(bundle.bytes.length - 1), value: fc.integer({ min: 1, max: 255 }) })
    const mutation = fc.oneof(
      fc.array(change, { minLength: 1, maxLength: 8 }).map((changes) => {
        const bytes = bundle.bytes.slice()
        for (const { at, value } of changes) bytes[at] ^= value
        return bytes
      }),
      fc.nat(bundle.bytes.length).map((length) => bundle.bytes.slice(0, length)),
      fc
        .tuple(fc.nat(bundle.bytes.length), fc.uint8Array({ minLength: 1, maxLength: 40 }))
        .map(([at, inserted]) =>
          Buffer.concat([bundle.bytes.subarray(0, at), inserted, bundle.bytes.subarray(at)])
        ),
      fc
        .tuple(fc.nat(bundle.bytes.length), fc.nat(bundle.bytes.length))
        .map(([from, to]) => Buffer.concat([bundle.bytes.subarray(0, from), bundle.bytes.subarray(to)]))
    )
    fc.assert(
      fc.property(mutation, (bytes) => {
        try {
          openBundle(bytes)
        } catch (error) {
          if (!(error instanceof LabError)) throw error
          expect(error.code).toMatch(/^bundle-(unreadable|damaged|refused)$/)
        }
      }),
      { numRuns: MUTATIONS }
    )
  })

  it('one changed byte anywhere never verifies', async () => {
    // The re-run is the same every time, so it is taken from the first.
    const rerun = { ...lab.startRun({ file: 'x.ts', text: '', seed: 1 }), done: Promise.resolve(record) }
    await rerun.cancel()
    const verifier = { startRun: () => rerun, bundle: () => Promise.resolve(bundle) }
    await fc.assert(
      fc.asyncProperty(
        fc.nat(bundle.bytes.length - 1),
        fc.integer({ min: 1, max: 255 }),
        async (at, value) => {
          const bytes = bundle.bytes.slice()
          bytes[at] ^= value
          const verdict = await verifyBundle(bytes, verifier).then(
            (found) => found.verdict,
            (error: unknown) => (error instanceof LabError ? error.code : 'crash')
          )
          expect(verdict).toMatch(/^different$|^bundle-/)
        }
      ),
      { numRuns: 500 }
    )
  })
})

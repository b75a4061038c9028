import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { buildWorkerEntries } from '../../tools/testing/entries.mjs'
import { COUNTER_NAMES } from '../engine/trace/counters'
import { monotonicMs } from '../lab/run/clock'
import type { RunDocument } from '../protocol/results'
import { progressLine } from './progress'
import { main } from './program'
import { numberText, table } from './table'

let entries: Awaited<ReturnType<typeof buildWorkerEntries>>
let folder: string

beforeAll(async () => {
  entries = await buildWorkerEntries()
  folder = mkdtempSync(join(tmpdir(), 'cli-'))
}, 120_000)

afterAll(() => {
  entries.remove()
  rmSync(folder, { recursive: true, force: true })
})

interface Ran {
  readonly code: number
  readonly out: string
  readonly err: string
}

interface Watching {
  readonly live?: boolean
  readonly interruptAt?: string
  readonly types?: boolean
}

/** Types are checked only where a test is about them: loading the type checker takes a while. */
async function cli(
  args: readonly string[],
  { live = false, interruptAt, types = false }: Watching = {}
): Promise<Ran> {
  const command = args[0] === 'run' && !types ? [...args, '--no-check'] : args
  let [out, err] = ['', '']
  let interrupt: () => void = () => undefined
  const interrupted = new Promise<void>((resolve) => (interrupt = resolve))
  const io = {
    out: (text: string) => void (out += text),
    err: (text: string) => {
      err += text
      if (interruptAt !== undefined && err.includes(interruptAt)) interrupt()
    },
    live,
    columns: 80,
    interrupted
  }
  const env = {
    jobUrl: entries.jobUrl,
    checkUrl: entries.checkUrl,
    cores: 2,
    now: monotonicMs,
    timestamp: () => '2026-01-01T00:00:00.000Z',
    newRunId: () => 'run'
  }
  const code = await main(command, {
    io,
    env,
    examples: join(process.cwd(), 'experiments'),
    recordings: join(process.cwd(), 'resources/recordings')
  })
  return { code, out, err }
}

function script(name: string, text: string): string {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}

const HOLDS = `import { experiment } from 'contpte-lab'
export default experiment({
  title: 'Small', claim: 'Two is two', parameters: { n: [1, 2, 3] },
  run({ parameters, record, expect, machine }) {
    machine({ kernel: 'contpte-v2' }).spawn()
    record('n', parameters.n * 1000, 'ns')
    console.log('cell', parameters.n)
    expect(parameters.n).toBeAtMost(3)
  }
})
`
const FAILS = HOLDS.replace('toBeAtMost(3)', 'toBeAtMost(2)')

describe('contpte-lab run', () => {
  it('writes the trace of every cell where it is told to, as JSON that Perfetto reads', async () => {
    const path = join(folder, 'trace.json')
    const { code, err } = await cli(['run', script('traced.ts', HOLDS), '--trace-out', path])
    expect(code).toBe(0)
    for (const cell of [0, 1, 2]) {
      const file = join(folder, `trace-${cell}.json`)
      const told = new RegExp(`trace ${file} (\\d+) events`).exec(err)
      const { traceEvents } = JSON.parse(readFileSync(file, 'utf8')) as { traceEvents: { cat?: string }[] }
      // The table and the address space of one process, each an event of no span.
      expect(traceEvents.filter(({ cat }) => cat === 'event')).toHaveLength(Number(told?.[1]))
      expect(traceEvents.filter(({ cat }) => cat === 'operation')).toHaveLength(1)
    }
  })

  it('prints a table, verdicts in words and the sentence, and nothing else, to stdout', async () => {
    const { code, out, err } = await cli(['run', script('small.ts', HOLDS)])
    expect(code).toBe(0)
    expect(out).toBe(
      [
        'Small',
        'Claim: Two is two',
        '',
        'n  metric  value  unit',
        '1  n       1,000  ns',
        '2  n       2,000  ns',
        '3  n       3,000  ns',
        `(${3 * COUNTER_NAMES.length} counter rows not shown: --json and bundles have them)`,
        '',
        'holds          parameters.n is at most 3 (3 times)',
        '',
        'The claim holds: all 3 expectations hold.',
        ''
      ].join('\n')
    )
    expect(err.split('\n').sort().join('\n').trim()).toBe('cell 1\ncell 2\ncell 3')
  })

  it('answers 1 and says why when an expectation fails', async () => {
    const { code, out } = await cli(['run', script('fails.ts', FAILS), '--param', 'n=1', '--param', 'n=3'])
    expect(code).toBe(1)
    expect(out).toContain(
      'does not hold  parameters.n is at most 2: expected at most 2, found 3 [n=3] at fails.ts:8:5'
    )
    expect(out).toContain('The claim does not hold: 1 of 2 expectations fails.')
  })

  it('prints exactly one document with --json, the same for any number of workers', async () => {
    const path = script('fails.ts', FAILS)
    const [one, two] = [
      await cli(['run', path, '--json', '--workers', '1']),
      await cli(['run', path, '--json', '--workers', '2'])
    ]
    expect(one.code).toBe(1)
    expect(two.out).toBe(one.out)
    const document = JSON.parse(one.out) as RunDocument
    expect(Object.keys(document)).toEqual(['schema', 'experiment', 'engine', 'seed', 'rows', 'expectations'])
    expect(document).toMatchObject({ schema: 'contpte-lab/run@1', experiment: 'fails', seed: 1 })
    expect(document.rows).toHaveLength(3 * (1 + COUNTER_NAMES.length))
    expect(document.rows[0]).toEqual({ parameters: { n: 1 }, metric: 'n', value: 1000, unit: 'ns' })
    expect(document.expectations.map(({ status }) => status)).toEqual(['pass', 'pass', 'fail'])
    expect(document.expectations[2]).toEqual({
      name: 'parameters.n is at most 2',
      parameters: { n: 3 },
      status: 'fail',
      expected: 'at most 2',
      found: '3',
      at: 'fails.ts:8:5'
    })
  })

  it('writes a bundle that verifies, also one whose expectations fail', async () => {
    const out = join(folder, 'b.zip')
    const again = join(folder, 'c.zip')
    const ran = await cli(['run', script('fails.ts', FAILS), '--out', out])
    expect(ran.code).toBe(1)
    expect(ran.err).toContain(`bundle ${out} SHA-256 `)
    await cli(['run', script('fails.ts', FAILS), '--out', again, '--workers', '1'])
    expect(readFileSync(again).equals(readFileSync(out))).toBe(true)
    const verified = await cli(['verify', out])
    expect(verified.code).toBe(0)
    expect(verified.out).toContain('same       results.csv')
    expect(verified.out).toContain('Verified: the re-run gives the same bundle, byte for byte.')
  })

  it('shows a progress line to a person only', async () => {
    const path = script('small.ts', HOLDS)
    expect((await cli(['run', path], { live: true })).err).toContain('3/3 cells')
    expect((await cli(['run', path])).err).not.toContain('cells')
  })

  it('is ended by an interrupt, and leaves no bundle', async () => {
    const out = join(folder, 'never.zip')
    const text = HOLDS.replace(
      "'cell', parameters.n)",
      "'cell', parameters.n)\n    if (parameters.n === 2) for (;;);"
    )
    const {
      code,
      err,
      out: printed
    } = await cli(['run', script('long.ts', text), '--workers', '1', '--out', out, '--json'], {
      interruptAt: 'cell 2'
    })
    expect(code).toBe(130)
    expect(err).toContain('cancelled after 1 of 3 cells')
    expect(printed).toBe('')
    expect(existsSync(out)).toBe(false)
  })
})

const inRun = (line: string): string =>
  `import { experiment } from 'contpte-lab'\n\nexport default experiment({\n  title: 'T',\n  run({ machine }) {\n    void machine\n    ${line}\n  }\n})\n`

describe('hostile scripts on the command line', () => {
  const quick = ['--time-limit-ms', '300']
  it.each([
    [
      'while (true) {}',
      inRun('while (true) {}'),
      quick,
      /h\.ts:6:\d+: time limit reached: the script ran 300 ms .*\[limit-time\]\n  Raise it with --time-limit-ms/
    ],
    [
      '10 GB',
      inRun('console.log(new Uint8Array(10 * 2 ** 30).length)'),
      [],
      /h\.ts:7:17: memory limit reached: the script needs more than 256 MiB \[limit-memory\]\n  Raise it with --memory-limit/
    ],
    [
      'unbounded output',
      inRun("for (;;) console.log('again and again')"),
      ['--output-limit', '100KiB'],
      /h\.ts:7:22: output limit reached: the cell printed and recorded more than 100 KiB \[limit-output\]\n  Raise it with --output-limit/
    ],
    [
      "import 'fs'",
      `import 'fs'\n${inRun('')}`,
      [],
      /h\.ts:1:8: cannot import 'fs': experiments may import only 'contpte-lab' \[import-forbidden\]/
    ],
    [
      'fetch',
      inRun("fetch('http://example.com')"),
      [],
      /h\.ts:7:5: 'fetch' is not available: experiments have no network \[not-available\]/
    ],
    [
      'the way out',
      inRun("globalThis.constructor.constructor('return process')()"),
      ['--no-check'],
      /h\.ts:7:\d+: 'process' is not available: .* \[not-available\]/
    ],
    [
      'a syntax error on line 7',
      inRun('const a = ;'),
      [],
      /h\.ts:7:15: Expression expected \[syntax-error\]/
    ],
    [
      'a type error',
      inRun("const n: number = 'x'; void n"),
      [],
      /h\.ts:7:11: Type 'string' is not assignable to type 'number'. \(TS2322\) \[type-error\]/
    ],
    [
      'an unknown kernel',
      inRun("machine({ kernel: 'linux-9.9' })"),
      [],
      /h\.ts:7:15: unknown kernel 'linux-9.9' \[unknown-kernel\]\n  Kernels: 'no-contpte'/
    ],
    [
      'a throw on line 12',
      inRun("\n\n\n\n\nthrow new Error('enough')"),
      [],
      /h\.ts:12:7: enough \[script-error\]/
    ]
  ])('%s', async (_, text, flags, message) => {
    const { code, out, err } = await cli(['run', script('h.ts', text), '--json', ...flags], { types: true })
    expect(err).toMatch(message)
    expect(code).toBe(2)
    expect(out).toBe('')
  })
})

describe('mistakes on the command line', () => {
  it.each([
    [['run', 'nowhere.ts'], 'nowhere.ts: cannot read it: there is no such file [file-unreadable]'],
    [['run', '.'], '.: cannot read it: it is a folder'],
    [['run', 'SMALL', '--param', 'm=1'], "unknown parameter 'm': the parameters are n"],
    [['run', 'SMALL', '--param', 'n=4'], "'4' is not among the values of 'n': 1, 2, 3"],
    [['run', 'SMALL', '--param', 'n'], 'It must be name=value'],
    [['run', 'SMALL', '--seed', 'x'], 'It must be a whole number'],
    [['run', 'SMALL', '--memory-limit', '1KiB'], '--memory-limit: 1024 is not 32 MiB to 4 GiB'],
    [['run', 'SMALL', '--nope'], "unknown option '--nope'"],
    [['nope'], "unknown command 'nope'"],
    [['verify', 'SMALL'], 'this is not a readable bundle'],
    [['run', 'SMALL', '--out', '/dev/null/x.zip'], 'cannot write the bundle']
  ])('%j', async (args, message) => {
    const small = script('small.ts', HOLDS)
    const { code, out, err } = await cli(args.map((arg) => (arg === 'SMALL' ? small : arg)))
    expect(err).toContain(message)
    expect(code).toBe(2)
    expect(out).toBe('')
  })

  it('help and version are no mistakes', async () => {
    expect(await cli(['--version'])).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) as string
    })
    expect((await cli(['run', '--help'])).out).toContain('--param <name=value>')
  })
})

describe('contpte-lab verify', () => {
  it('answers 1 for a changed number and 2 for a damaged file, and names both', async () => {
    const out = join(folder, 'v.zip')
    await cli(['run', script('small.ts', HOLDS), '--out', out])
    const bytes = readFileSync(out)
    bytes[60] ^= 0xff
    writeFileSync(join(folder, 'damaged.zip'), bytes)
    const damaged = await cli(['verify', join(folder, 'damaged.zip')])
    expect(damaged.code).toBe(2)
    expect(damaged.err).toMatch(/environment\.json: /)
    const renamed = readFileSync(out)
    // The name stands before the data and in the directory; the checksum covers neither.
    renamed.write('results.cvs', renamed.indexOf('results.csv'))
    renamed.write('results.cvs', renamed.lastIndexOf('results.csv'))
    writeFileSync(join(folder, 'renamed.zip'), renamed)
    const different = await cli(['verify', join(folder, 'renamed.zip')])
    expect(different.code).toBe(1)
    expect(different.out).toContain('different  results.csv: the bundle does not have this file')
    expect(different.out).toContain('Not verified: 2 files differ from the re-run.')
  })
})

describe('contpte-lab list', () => {
  it('lists the examples', async () => {
    const { code, out } = await cli(['list'])
    expect(code).toBe(0)
    expect(out).toMatch(/^id +topic +title\n/)
    expect(out).toContain('examples/fork-batching.ts')
    const document = JSON.parse((await cli(['list', '--json'])).out) as { experiments: { id: string }[] }
    expect(document.experiments.map(({ id }) => id)).toContain('examples/fork-batching.ts')
  })
})

describe('texts for a terminal', () => {
  it('align columns', () => {
    expect(
      table(
        ['a', 'value'],
        [
          ['long', '1'],
          ['b', '22']
        ],
        ['value']
      )
    ).toBe('a     value\nlong      1\nb        22\n')
  })
  it('write numbers people can read', () => {
    expect(numberText(1234567)).toBe('1,234,567')
    expect(numberText(-0.5)).toBe('-0.5')
    expect(numberText(94005299.98809999)).toBe('94,005,299.9880')
    expect(numberText(1e21)).toBe('1e+21')
  })
  it('fit the terminal', () => {
    const progress = {
      type: 'run-progress',
      runId: 'r',
      status: 'running',
      cellsDone: 5,
      cellsTotal: 10,
      elapsedMs: 65_000,
      remainingMs: 3000,
      share: 5.5,
      current: { kernel: 'contpte-v2' },
      within: { done: 2500, of: 5000 }
    } as const
    expect(progressLine(progress, 200)).toBe(
      '[###########.........] 5/10 cells, 2,500/5,000  1 min 5 s, about 3 s left  kernel=contpte-v2'
    )
    expect(progressLine(progress, 20)).toHaveLength(19)
  })
})

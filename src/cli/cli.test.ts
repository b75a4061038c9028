/** The built command as a process: streams, exit codes, signals. What it says is tested in `program.test.ts`. */
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ensureBuilt } from '../../tools/build.mjs'
import type { RunDocument } from '../protocol/results'

const BIN = join(process.cwd(), 'tools/bin/contpte-lab.mjs')
let folder: string

beforeAll(async () => {
  await ensureBuilt({ targets: ['node'] })
  folder = mkdtempSync(join(tmpdir(), 'cli-process-'))
  mkdirSync(join(folder, 'sub'))
  writeFileSync(join(folder, 'sub/small.ts'), SMALL)
}, 180_000)

afterAll(() => rmSync(folder, { recursive: true, force: true }))

const SMALL = `import { experiment } from 'contpte-lab'
export default experiment({
  title: 'Small', parameters: { pages: [16, 32, 64] },
  run({ parameters: { pages }, machine, record, expect }) {
    const m = machine({ kernel: 'contpte-v2', cost: 'ampere-altra' })
    m.sysfs.write('hugepages-64kB/enabled', 'always')
    const parent = m.spawn()
    const region = parent.mmap({ bytes: pages * 4096 })
    region.write()
    record('fork', m.time(() => parent.fork()), 'ns')
    expect(region.foldedBlocks(), 'every block stays folded').toBe(pages / 16)
  },
  conclude({ chart }) {
    chart('Times', { mark: 'line', data: { values: [{ t: '2023-11-16T10:00:00', v: 1 }, { t: '2023-11-17', v: 2 }] }, encoding: { x: { field: 't', type: 'temporal' }, y: { field: 'v', type: 'quantitative' } } })
  }
})
`

interface Ended {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

function cli(
  args: readonly string[],
  env: Record<string, string> = {},
  interruptAt?: string
): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [BIN, ...args], {
      cwd: folder,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe']
    })
    let [out, err] = ['', '']
    child.stdout.on('data', (data) => (out += String(data)))
    child.stderr.on('data', (data) => {
      err += String(data)
      if (interruptAt !== undefined && err.includes(interruptAt)) child.kill('SIGINT')
    })
    child.on('error', reject)
    child.on('close', (code) => resolve({ code, out, err }))
  })
}

describe('the command as a process', () => {
  it('finds the file from where the user stands and prints one document; any workers, any zone, the same bytes', async () => {
    const run = (workers: string, out: string, env: Record<string, string>): Promise<Ended> =>
      cli(['run', 'sub/small.ts', '--json', '--no-check', '--workers', workers, '--out', out], env)
    const one = await run('1', 'one.zip', { TZ: 'UTC', LANG: 'C' })
    const two = await run('2', 'two.zip', { TZ: 'Asia/Tokyo', LANG: 'de_DE.UTF-8' })
    expect([one.code, two.code]).toEqual([0, 0])
    expect(two.out).toBe(one.out)
    const document = JSON.parse(one.out) as RunDocument
    expect(document.rows.filter(({ metric }) => metric === 'fork')).toHaveLength(3)
    expect(readFileSync(join(folder, 'two.zip')).equals(readFileSync(join(folder, 'one.zip')))).toBe(true)
    const verified = await cli(['verify', 'one.zip'])
    expect([verified.code, verified.err]).toEqual([0, ''])
    expect(verified.out).toContain('byte for byte')
  }, 180_000)

  it('says a mistake on stderr only and exits 2', async () => {
    writeFileSync(join(folder, 'broken.ts'), 'const a = ;\n')
    const { code, out, err } = await cli(['run', 'broken.ts', '--json'])
    expect([code, out]).toEqual([2, ''])
    expect(err).toBe('broken.ts:1:11: Expression expected [syntax-error]\n')
  }, 60_000)

  it('is ended by Ctrl-C at once and leaves nothing half-written', async () => {
    writeFileSync(
      join(folder, 'long.ts'),
      SMALL.replace('region.write()', "region.write()\n    console.log('running')\n    for (;;);")
    )
    const { code, out } = await cli(
      ['run', 'long.ts', '--no-check', '--json', '--out', 'long.zip'],
      {},
      'running'
    )
    expect([code, out]).toEqual([130, ''])
    expect(existsSync(join(folder, 'long.zip'))).toBe(false)
    expect(readdirSync(folder).filter((name) => name.endsWith('.tmp'))).toEqual([])
  }, 60_000)
})

import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { ensureBuilt } from './build.mjs'

const script = fileURLToPath(new URL('./start.mjs', import.meta.url))

let folder: string
let started: ChildProcess[]

beforeAll(async () => void (await ensureBuilt()), 300_000)
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lab-start-'))
  started = []
})
afterEach(async () => {
  for (const child of started) child.kill('SIGKILL')
  await rm(folder, { recursive: true, force: true })
})

interface Started {
  readonly child: ChildProcess
  /** Resolves with the output when it matches. */
  until(pattern: RegExp): Promise<string>
  readonly ended: Promise<number | null>
}

function start(args: readonly string[], env: Record<string, string> = {}): Started {
  const { PATH, HOME } = process.env
  const child = spawn(process.execPath, [script, ...args], {
    env: { PATH, HOME, CONTPTE_LAB_DATA: join(folder, 'data'), ...env },
    stdio: ['ignore', 'pipe', 'pipe']
  })
  started.push(child)
  let output = ''
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve))
  return {
    child,
    ended,
    until: (pattern) =>
      new Promise((resolve, reject) => {
        const look = (data: Buffer | string): void => {
          output += data.toString()
          if (pattern.test(output)) resolve(output)
        }
        look('')
        child.stdout.on('data', look)
        child.stderr.on('data', look)
        void ended.then((code) => reject(new Error(`ended with ${code} before ${pattern}:\n${output}`)))
      })
  }
}

/** Every process below `pid`, by the system's own list. */
function below(pid: number): number[] {
  const pairs = execFileSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' })
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number))
  const children = (parent: number): number[] =>
    pairs.filter(([, of]) => of === parent).flatMap(([child]) => [child, ...children(child)])
  return children(pid)
}

const lives = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

describe('npm start', () => {
  it('says in one line why there is no Electron, serves the app, and Ctrl-C leaves nothing behind', async () => {
    const { child, until, ended } = start(['--no-open'], { ELECTRON_EXEC_PATH: join(folder, 'none') })
    const output = await until(/token=\S+\n[\s\S]*Ctrl-C/)
    const said = output.split('\n').filter((line) => line.includes('Electron'))
    expect(said).toEqual([
      `Electron is not available (ELECTRON_EXEC_PATH names no program: ${join(folder, 'none')}): the app opens in the browser instead.`
    ])
    const [url] = /http:\/\/127\.0\.0\.1:\d+\/\?token=\S+/.exec(output) ?? ['']
    const answer = await fetch(url)
    expect(answer.status).toBe(200)
    const pids = below(child.pid as number).filter(lives)
    expect(pids.length).toBeGreaterThan(0)
    child.kill('SIGINT')
    expect(await ended).toBe(130)
    expect(pids.filter(lives)).toEqual([])
    await expect(fetch(url)).rejects.toThrow()
  }, 60_000)

  it('runs the Electron that is named, and ends it', async () => {
    const pidFile = join(folder, 'pid')
    const electron = join(folder, 'electron')
    await writeFile(electron, `#!/bin/sh\necho $$ > ${pidFile}\necho started\nexec sleep 600\n`)
    await chmod(electron, 0o755)
    const { child, until, ended } = start([], { ELECTRON_EXEC_PATH: electron })
    await until(/started/)
    const pid = Number(await readFile(pidFile, 'utf8'))
    child.kill('SIGTERM')
    expect(await ended).toBe(143)
    expect(lives(pid)).toBe(false)
  }, 60_000)

  it('falls back to the browser when Electron does not come up', async () => {
    const electron = join(folder, 'electron')
    await writeFile(electron, '#!/bin/sh\nexit 127\n')
    await chmod(electron, 0o755)
    const { child, until, ended } = start(['--no-open'], { ELECTRON_EXEC_PATH: electron })
    const output = await until(/token=/)
    expect(output).toContain('Electron is not available (it ended with 127 at once)')
    child.kill('SIGINT')
    await ended
  }, 60_000)

  it('refuses a port that is none', async () => {
    const { until, ended } = start(['--port', '70000'])
    expect(await until(/\n/)).toContain('--port takes 0 to 65535, not 70000')
    expect(await ended).toBe(1)
  })
})

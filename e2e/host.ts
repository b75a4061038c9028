import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const cli = fileURLToPath(new URL('../out/main/cli.js', import.meta.url))

/** Processes started by `pid`, not those that these started. */
export function childrenOf(pid: number): number[] {
  try {
    const listed = execFileSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' })
    return listed
      .trim()
      .split('\n')
      .map((line) => line.trim().split(/\s+/).map(Number))
      .filter(([, parent]) => parent === pid)
      .map(([child]) => child)
  } catch {
    return []
  }
}

/** The web shell as a user starts it: a process of its own, with a data folder of its own. */
export class WebHost {
  /** The address with its one-time token. */
  url = ''
  private child: ChildProcess | undefined
  private readonly ownsFolder: boolean

  constructor(readonly dataDir = '') {
    this.ownsFolder = dataDir === ''
    if (this.ownsFolder) this.dataDir = mkdtempSync(join(tmpdir(), 'contpte-lab-e2e-'))
  }

  /** Starts the built host; resolves when it has printed its address. */
  async start(): Promise<void> {
    const child = spawn(process.execPath, [cli, 'serve', '--port', '0'], {
      env: { ...process.env, CONTPTE_LAB_DATA: this.dataDir, CONTPTE_LAB_TEST: '1' },
      stdio: ['ignore', 'pipe', 'pipe']
    })
    this.child = child
    this.url = await new Promise<string>((resolve, reject) => {
      let output = ''
      const read = (data: Buffer) => {
        output += data.toString()
        const found = /http:\/\/127\.0\.0\.1:\d+\/\S*/.exec(output)
        if (found) resolve(found[0])
      }
      child.stdout.on('data', read)
      child.stderr.on('data', read)
      child.once('error', reject)
      child.once('exit', (code) =>
        reject(new Error(`the host ended with ${code} before it had an address:\n${output}`))
      )
    })
  }

  /** `http://127.0.0.1:port` */
  get origin(): string {
    return new URL(this.url).origin
  }

  get pid(): number {
    if (this.child?.pid === undefined) throw new Error('the host does not run')
    return this.child.pid
  }

  /** The simulator's process. */
  simulatorPid(): number | undefined {
    return childrenOf(this.pid)[0]
  }

  /** Ends the host as Ctrl-C does, or at once; resolves when it is gone. */
  async stop(signal: 'SIGINT' | 'SIGKILL' = 'SIGINT'): Promise<void> {
    const child = this.child
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    const gone = new Promise((resolve) => child.once('exit', resolve))
    child.kill(signal)
    await gone
  }

  async dispose(): Promise<void> {
    const orphans = this.child?.pid ? childrenOf(this.child.pid) : []
    await this.stop('SIGINT')
    for (const pid of orphans) {
      try {
        process.kill(pid, 'SIGKILL')
      } catch {
        // Gone with its parent, as it should be.
      }
    }
    if (this.ownsFolder) rmSync(this.dataDir, { recursive: true, force: true })
  }
}

import { execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { root } from '../build/inputs.mjs'

/**
 * Processes started by `pid`, not those that these started.
 * @param {number} pid
 * @returns {number[]}
 */
export function childrenOf(pid) {
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
  /** What it printed so far. */
  output = ''
  /** @type {import('node:child_process').ChildProcess | undefined} */
  #child

  /**
   * @param {string} [dataDir] default: a new folder that `dispose` removes
   * @param {number} [port] default: any that is free
   */
  constructor(dataDir, port = 0) {
    this.ownsFolder = dataDir === undefined
    this.wantedPort = port
    this.dataDir = dataDir ?? mkdtempSync(join(tmpdir(), 'contpte-lab-e2e-'))
  }

  /** Starts the built host; resolves when it has printed its address. */
  async start() {
    const child = spawn(
      process.execPath,
      [join(root, 'out/main/cli.js'), 'serve', '--port', `${this.wantedPort}`],
      {
        cwd: root,
        env: { ...process.env, CONTPTE_LAB_DATA: this.dataDir, CONTPTE_LAB_TEST: '1' },
        stdio: ['ignore', 'pipe', 'pipe']
      }
    )
    this.#child = child
    this.url = await new Promise((resolve, reject) => {
      const read = (/** @type {Buffer} */ data) => {
        this.output += data.toString()
        const found = /http:\/\/127\.0\.0\.1:\d+\/\S*/.exec(this.output)
        if (found) resolve(found[0])
      }
      child.stdout.on('data', read)
      child.stderr.on('data', read)
      child.once('error', reject)
      child.once('exit', (code) =>
        reject(new Error(`the host ended with ${code} before it had an address:\n${this.output}`))
      )
    })
  }

  /** `http://127.0.0.1:port` */
  get origin() {
    return new URL(this.url).origin
  }

  /** @returns {number} */
  get pid() {
    if (this.#child?.pid === undefined) throw new Error('the host does not run')
    return this.#child.pid
  }

  /** The simulator's process. */
  simulatorPid() {
    return childrenOf(this.pid)[0]
  }

  /**
   * Ends the host as Ctrl-C does, or at once; resolves when it is gone.
   * @param {'SIGINT' | 'SIGKILL'} [signal]
   */
  async stop(signal = 'SIGINT') {
    const child = this.#child
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    const gone = new Promise((resolve) => child.once('exit', resolve))
    child.kill(signal)
    await gone
  }

  /** Ends it and what it started, and removes its folder. */
  async dispose() {
    const started = this.#child?.pid === undefined ? [] : childrenOf(this.#child.pid)
    await this.stop('SIGINT')
    for (const pid of started) {
      try {
        process.kill(pid, 'SIGKILL')
      } catch {
        // Gone with its parent, as it should be.
      }
    }
    if (this.ownsFolder) rmSync(this.dataDir, { recursive: true, force: true })
  }
}

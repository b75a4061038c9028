import { spawn } from 'node:child_process'
import { root } from '../build/inputs.mjs'

export { root }

/** @type {Set<import('node:child_process').ChildProcess>} */
const children = new Set()

/** @param {import('node:child_process').ChildProcess} child @param {NodeJS.Signals} signal */
function killGroup(child, signal) {
  if (child.pid === undefined) return
  try {
    // A step's own children (browsers, servers) live in its group and go with it.
    if (process.platform === 'win32') child.kill(signal)
    else process.kill(-child.pid, signal)
  } catch {
    // Already gone.
  }
}

for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM'])) {
  process.once(signal, () => {
    for (const child of children) killGroup(child, 'SIGTERM')
    process.exitCode = 130
    process.exit()
  })
}

/**
 * Runs a tool of the house to its end, within a time.
 * @param {readonly string[]} args for Node
 * @param {object} options
 * @param {number} options.minutes after which it is killed and counts as failed
 * @param {boolean} [options.live] show the output as it comes, instead of only after a failure
 * @param {NodeJS.ProcessEnv} [options.env]
 * @returns {Promise<{ ok: boolean, output: string }>}
 */
export function node(args, { minutes, live = false, env = {} }) {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, args, {
      cwd: root,
      detached: process.platform !== 'win32',
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe']
    })
    children.add(child)
    let output = ''
    const take = (/** @type {Buffer} */ data) => {
      if (live) process.stdout.write(data)
      else output += data
    }
    child.stdout.on('data', take)
    child.stderr.on('data', take)
    const deadline = setTimeout(() => {
      output += `\nnot finished after ${minutes} minutes: killed`
      killGroup(child, 'SIGKILL')
    }, minutes * 60_000)
    child.on('close', (code) => {
      clearTimeout(deadline)
      children.delete(child)
      resolve({ ok: code === 0, output: output.trim() })
    })
  })
}

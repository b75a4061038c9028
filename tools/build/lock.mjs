import {
  closeSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeSync
} from 'node:fs'
import { dirname } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

const HEARTBEAT_MS = 2_000
/** A lock whose owner has not touched it for this long is dead, even if its pid was given to another. */
const STALE_MS = 20_000
const POLL_MS = 100

/** @param {string} path @returns {boolean} */
function isAbandoned(path) {
  try {
    const pid = Number(readFileSync(path, 'utf8'))
    if (Date.now() - statSync(path).mtimeMs > STALE_MS) return true
    // An empty file is a lock being written: only its age may condemn it.
    if (!Number.isInteger(pid) || pid <= 0) return false
    process.kill(pid, 0)
    return false
  } catch (error) {
    const code = /** @type {NodeJS.ErrnoException} */ (error).code
    return code === 'ESRCH'
  }
}

/** @param {string} path @returns {boolean} */
function tryTake(path) {
  try {
    const file = openSync(path, 'wx')
    writeSync(file, String(process.pid))
    closeSync(file)
    return true
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code === 'EEXIST') return false
    throw error
  }
}

/**
 * Runs `body` while holding a lock file that names our pid. Waits for a live owner; takes over from
 * one that died. Works between processes of one machine.
 * @template T
 * @param {string} path the lock file
 * @param {() => Promise<T>} body
 * @param {(message: string) => void} [log] told once when we have to wait
 * @returns {Promise<T>}
 */
export async function withLock(path, body, log) {
  mkdirSync(dirname(path), { recursive: true })
  let told = false
  while (!tryTake(path)) {
    if (isAbandoned(path)) {
      rmSync(path, { force: true })
      continue
    }
    if (!told) log?.('waiting for another build to finish')
    told = true
    await delay(POLL_MS)
  }
  const heartbeat = setInterval(() => {
    const now = new Date()
    try {
      utimesSync(path, now, now)
    } catch {
      // Somebody removed out/ under us; the build itself will say so.
    }
  }, HEARTBEAT_MS)
  heartbeat.unref()
  try {
    return await body()
  } finally {
    clearInterval(heartbeat)
    rmSync(path, { force: true })
  }
}

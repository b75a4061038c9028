/** Files of the user: written whole or not at all, in the order they were asked for. */
import { randomBytes } from 'node:crypto'
import { mkdir, open, readdir, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'

const queues = new Map<string, Promise<unknown>>()

/** Runs jobs on one path one after the other, so that the last one asked for is the one that stays. */
async function inTurn<T>(path: string, job: () => Promise<T>): Promise<T> {
  const before = queues.get(path) ?? Promise.resolve()
  const turn = before.then(job, job)
  queues.set(path, turn)
  try {
    return await turn
  } finally {
    if (queues.get(path) === turn) queues.delete(path)
  }
}

export interface WriteOptions {
  /** Waits until the disk has it: for what the user typed. Results that can be computed again need not. */
  readonly durable?: boolean
  /** Permissions of a new file before the umask; default: the user's own eyes only. */
  readonly mode?: number
}

/**
 * Writes a file atomically: a temporary file beside it, then a rename. A reader, or a crash at any
 * moment, finds the old content or the new. Makes the folder when it is missing.
 */
export async function writeFileAtomic(
  path: string,
  data: string | Uint8Array,
  options: WriteOptions = {}
): Promise<void> {
  await inTurn(path, async () => {
    const folder = dirname(path)
    await mkdir(folder, { recursive: true, mode: 0o700 })
    const temporary = join(folder, `.${randomBytes(8).toString('hex')}.tmp`)
    try {
      const file = await open(temporary, 'wx', options.mode ?? 0o600)
      try {
        await file.writeFile(data)
        if (options.durable === true) await file.sync()
      } finally {
        await file.close()
      }
      await rename(temporary, path)
    } catch (error) {
      await rm(temporary, { force: true })
      throw error
    }
  })
}

/** Removes a file in turn with its writes; one that does not exist is removed already. */
export async function removeFile(path: string): Promise<void> {
  await inTurn(path, () => rm(path, { force: true }))
}

/** Whether an error says that a file or folder does not exist. */
export function isMissing(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === 'ENOENT'
}

/** Names in a folder, sorted; none when it does not exist. */
export async function namesIn(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).sort()
  } catch (error) {
    if (isMissing(error)) return []
    throw error
  }
}

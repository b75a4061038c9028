/** The log: newest lines in memory for the window, all of them as JSON lines in a file. */
import { appendFile, mkdir, rename, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { MAX_LOG_LINES } from '../protocol/limits'

export type LogLevel = 'info' | 'warn' | 'error'

/** A log file longer than this is set aside as `<name>.1`, replacing the one before. */
const MAX_LOG_BYTES = 4 * 1024 * 1024
const MAX_TEXT_CHARS = 16_384

export interface LogOptions {
  /** File of JSON lines; without one the log is in memory only. */
  readonly file?: string
  /** ISO time of a line. */
  readonly timestamp?: () => string
}

export class Log {
  readonly #lines: string[] = []
  readonly #file: string | undefined
  readonly #timestamp: () => string
  #written: Promise<void> = Promise.resolve()

  constructor({ file, timestamp = () => new Date().toISOString() }: LogOptions = {}) {
    this.#file = file
    this.#timestamp = timestamp
  }

  /** Adds a line. `scope` says who speaks: `host`, `simulator`, `server`, `window`. */
  add(level: LogLevel, scope: string, text: string): void {
    const time = this.#timestamp()
    const message = text.slice(0, MAX_TEXT_CHARS)
    this.#lines.push(`${time} ${level} ${scope}: ${message}`)
    if (this.#lines.length > MAX_LOG_LINES) this.#lines.shift()
    const path = this.#file
    if (path !== undefined)
      this.#written = this.#written.then(() =>
        append(path, `${JSON.stringify({ time, level, scope, message })}\n`)
      )
  }

  /** Newest lines, oldest first. */
  lines(): readonly string[] {
    return [...this.#lines]
  }

  /** Resolves when everything added so far is in the file, or could not be written. */
  flush(): Promise<void> {
    return this.#written
  }
}

/** A log that cannot be written must not end the program: the line stays in memory. */
async function append(path: string, line: string): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 })
    const size = await stat(path).then(
      (found) => found.size,
      () => 0
    )
    if (size > MAX_LOG_BYTES) await rename(path, `${path}.1`)
    await appendFile(path, line, { mode: 0o600 })
  } catch {
    return
  }
}

/** Checks of what a script hands over: every refusal is `bad-argument` and says what is taken. */
import { EngineError } from '../../engine/error'
import { parseBytes } from '../bytes'

/** A refusal of an argument. */
export function bad(message: string): EngineError {
  return new EngineError('bad-argument', message)
}

/** An object of options with none but known names. */
export function options(call: string, value: unknown, known: readonly string[]): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw bad(`${call} takes an object of options`)
  const unknown = Object.keys(value).find((name) => !known.includes(name))
  if (unknown !== undefined) throw bad(`${call} has no option '${unknown}': it takes ${known.join(', ')}`)
  return value as Record<string, unknown>
}

/** A number of bytes, or nothing. */
export function bytes(call: string, name: string, value: unknown): number | undefined {
  if (value === undefined) return undefined
  const parsed = parseBytes(value)
  if (parsed === undefined) {
    throw bad(
      `${call}: ${name} must be a number of bytes such as 4096, '64KiB' or '1GiB', not ${JSON.stringify(value)}`
    )
  }
  return parsed
}

export function text(what: string, value: unknown): string {
  if (typeof value !== 'string') throw bad(`${what} must be a string`)
  return value
}

export function flag(what: string, value: unknown): boolean {
  if (typeof value !== 'boolean') throw bad(`${what} must be true or false`)
  return value
}

/** A whole number from `low` on. */
export function whole(what: string, value: unknown, low = 0): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < low)
    throw bad(`${what} must be a whole number, ${low} or more`)
  return value
}

/** What may be left out: `undefined`, or `null` where it came as JSON. */
export function optional<T>(value: unknown, read: (value: unknown) => T): T | undefined {
  return value === undefined || value === null ? undefined : read(value)
}

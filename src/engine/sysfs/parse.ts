/**
 * How sysfs files read what is written to them. Each throws an `EngineError` whose message says what
 * the file takes; `tree.ts` adds the file and the value.
 * Source: reference `thp-sysfs.md` section 2; linux-6.12 lib/string_helpers.c (`sysfs_streq`),
 * lib/kstrtox.c (`kstrtoul`, `kstrtobool`).
 */
import { EngineError } from '../error'

/** What a C function sees of a buffer: everything before the first NUL. */
export function cString(text: string): string {
  return text.split('\0', 1)[0]
}

/** `sysfs_streq`: the keyword itself, or the keyword and exactly one newline. */
export function keyword<T extends string>(text: string, keywords: readonly T[]): T {
  const given = cString(text)
  const found = keywords.find((word) => given === word || given === `${word}\n`)
  if (found !== undefined) return found
  throw oneOf(keywords)
}

/**
 * The keywords of shmem_enabled: fewer than `size` bytes, one newline at their very end taken off,
 * then compared to the first NUL.
 */
export function boundedKeyword<T extends string>(text: string, keywords: readonly T[], size: number): T {
  const given = cString(text.endsWith('\n') ? text.slice(0, -1) : text)
  const found = byteLength(text) < size ? keywords.find((word) => given === word) : undefined
  if (found !== undefined) return found
  throw oneOf(keywords)
}

function oneOf(keywords: readonly string[]): EngineError {
  return new EngineError('EINVAL', `it takes exactly one of ${keywords.join(', ')}.`)
}

/** What an unsigned number may be. */
export interface UnsignedRange {
  readonly min: number
  readonly max: number
  /** What a number beyond 64 bits answers; most files turn it into EINVAL. */
  readonly overflow: 'ERANGE' | 'EINVAL'
}

/** `kstrtoul` base 10: an optional plus, digits, an optional newline. Too many digits come before junk. */
export function unsigned(text: string, { min, max, overflow }: UnsignedRange): number {
  const refused = new EngineError('EINVAL', `it takes a decimal number from ${min} to ${max}.`)
  const match = /^\+?(\d+)(\n?)/.exec(cString(text))
  if (match === null) throw refused
  if (BigInt(match[1]) >= 2n ** 64n) throw new EngineError(overflow, 'the number does not fit 64 bits.')
  if (match[0].length !== cString(text).length) throw refused
  const value = Number(match[1])
  if (value < min || value > max) throw refused
  return value
}

/**
 * `memparse`: a number (hexadecimal after 0x, octal after 0), one suffix K to E in either case;
 * what follows is not looked at.
 */
export function memparse(text: string): bigint {
  const [, hexadecimal, octal, decimal, suffix] =
    /^(?:0[xX]([0-9a-fA-F]+)|0([0-7]*)|([1-9]\d*))([kKmMgGtTpPeE]?)/.exec(text) ?? []
  const number =
    hexadecimal !== undefined
      ? BigInt(`0x${hexadecimal}`)
      : BigInt(octal === undefined ? (decimal ?? 0) : `0o${octal === '' ? '0' : octal}`)
  const shift = suffix ? 10 * ('kmgtpe'.indexOf(suffix.toLowerCase()) + 1) : 0
  return BigInt.asUintN(64, number << BigInt(shift))
}

/** `kstrtobool`: only the first one or two characters count. */
export function bool(text: string): boolean {
  if (/^(?:[yYtT1]|[oO][nN])/.test(text)) return true
  if (/^(?:[nNfF0]|[oO][fF])/.test(text)) return false
  throw new EngineError('EINVAL', 'it takes a word that begins with one of 1, y, t, on, 0, n, f, of.')
}

/** All keywords in fixed order, the chosen one in brackets. */
export function bracketed(keywords: readonly string[], chosen: string): string {
  return keywords.map((word) => (word === chosen ? `[${word}]` : word)).join(' ')
}

/** Bytes of a text in UTF-8. */
export function byteLength(text: string): number {
  let bytes = 0
  for (const each of text) {
    const code = each.codePointAt(0) ?? 0
    bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4
  }
  return bytes
}

/** The text cut after at most `limit` bytes of UTF-8, between characters. */
export function cutBytes(text: string, limit: number): string {
  if (text.length * 4 <= limit) return text
  let bytes = 0
  let cut = ''
  for (const each of text) {
    bytes += byteLength(each)
    if (bytes > limit) break
    cut += each
  }
  return cut
}

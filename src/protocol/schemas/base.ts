/** What the schemas are made of. */
import * as v from 'valibot'
import { MAX_JSON_DEPTH, MAX_JSON_NODES, MAX_LINE_CHARS, MAX_NAME_CHARS } from '../limits'

export type Schema<T> = v.GenericSchema<unknown, T>

/** A schema for every key of `T`, the optional ones too: one that is forgotten does not compile. */
type Entries<T> = { readonly [K in keyof T]-?: Schema<T[K]> }

/** A plain object: made by a literal, JSON or a structured clone. */
export function isPlain(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null || Object.getPrototypeOf(prototype) === null
}

const plain = v.custom<Record<string, unknown>>(isPlain, 'Expected an object')

/** An object with exactly the keys of `T`; unknown ones are refused. */
export function shape<T extends object>(entries: Entries<T>): Schema<T> {
  return v.pipe(plain, v.strictObject(entries as v.ObjectEntries)) as unknown as Schema<T>
}

/** A list of at most `max` items. */
export function list<T>(item: Schema<T>, max: number): Schema<readonly T[]> {
  return v.pipe(v.array(item), v.maxLength(max))
}

/** One of the given strings. */
export function oneOf<const T extends string>(...values: readonly T[]): Schema<T> {
  return v.picklist(values)
}

export const maybe = <T>(schema: Schema<T>): Schema<T | undefined> => v.optional(schema)

export const literal = <const T extends string | number>(value: T): Schema<T> => v.literal(value)

const string = (max: number) => v.pipe(v.string(), v.maxLength(max))
export const name = string(MAX_NAME_CHARS)
export const line = string(MAX_LINE_CHARS)
export const textOf = (max: number): Schema<string> => string(max)
export const flag: Schema<boolean> = v.boolean()
export const finite: Schema<number> = v.pipe(v.number(), v.finite())
export const integer = (min: number, max: number = Number.MAX_SAFE_INTEGER): Schema<number> =>
  v.pipe(v.number(), v.safeInteger(), v.minValue(min), v.maxValue(max))
export const count = integer(0)
/** A count, or -1 for "none yet". */
export const countOrNone = integer(-1)

export const bytes = (max: number): Schema<Uint8Array> =>
  v.pipe(
    v.custom<Uint8Array>((value) => value instanceof Uint8Array, 'Expected bytes'),
    v.check((value) => value.length <= max, `At most ${max} bytes`)
  )

export const record = <T>(value: Schema<T>, max: number): Schema<Readonly<Record<string, T>>> =>
  v.pipe(
    plain,
    v.record(name, value),
    v.check((entries) => Object.keys(entries).length <= max, `At most ${max} entries`)
  )

/** Whether a value is JSON, within a number of nodes and a depth; cyclic values are too deep. */
export function isJson(value: unknown, maxNodes: number, maxDepth = MAX_JSON_DEPTH): boolean {
  let nodes = 0
  const visit = (item: unknown, depth: number): boolean => {
    if (++nodes > maxNodes || depth > maxDepth) return false
    if (item === null || typeof item === 'string' || typeof item === 'boolean') return true
    if (typeof item === 'number') return Number.isFinite(item)
    if (Array.isArray(item)) return item.every((each) => visit(each, depth + 1))
    return isPlain(item) && Object.values(item).every((each) => each === undefined || visit(each, depth + 1))
  }
  return visit(value, 0)
}

/** An object of JSON values, as a plain copy. */
export const jsonObject = (maxNodes = MAX_JSON_NODES): Schema<Readonly<Record<string, unknown>>> =>
  v.pipe(
    v.custom<Readonly<Record<string, unknown>>>(
      (value) => isPlain(value) && isJson(value, maxNodes),
      'Expected an object of JSON values within the limits'
    ),
    v.transform((value) => JSON.parse(JSON.stringify(value)) as Readonly<Record<string, unknown>>)
  )

/** Where and why a value is not what a schema says, in one line. */
export function describeIssues(issues: readonly v.BaseIssue<unknown>[]): string {
  const [first] = issues
  if (first === undefined) return 'not valid'
  const place = v.getDotPath(first)
  return (place === null ? first.message : `${place}: ${first.message}`).slice(0, 500)
}

/** A service as data: for every method what it takes and answers, for every event what it carries. */
import type { Schema } from './schemas/base'

type Method = (...args: never[]) => Promise<unknown>

/** The one argument of a method, or `undefined` where it takes none. */
type RequestOf<F> = F extends (...args: infer A) => unknown ? (A extends [infer R] ? R : undefined) : never
type ReplyOf<F> = F extends (...args: never[]) => Promise<infer R> ? R : never

/** A call's schemas; `request` stands exactly where the method takes an argument. */
export type CallSchemas<F> = [RequestOf<F>] extends [undefined]
  ? { readonly request?: undefined; readonly reply: Schema<ReplyOf<F>> }
  : { readonly request: Schema<RequestOf<F>>; readonly reply: Schema<ReplyOf<F>> }

export interface Contract<S, E extends { readonly type: string }> {
  readonly name: string
  readonly calls: { readonly [M in keyof S]: S[M] extends Method ? CallSchemas<S[M]> : never }
  readonly events: { readonly [T in E['type']]: Schema<Extract<E, { type: T }>> }
}

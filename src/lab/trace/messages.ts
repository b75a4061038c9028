/** What the worker that keeps traces is told and answers. */
import type { TraceKey, TraceSummary } from '../results/trace'
import type { TraceCallName } from './answer'
import type { Recording } from './recording'

export type ToTraces =
  | {
      readonly id: number
      readonly type: 'add'
      readonly key: TraceKey
      readonly title: string
      readonly recording: Recording
    }
  | { readonly id: number; readonly type: 'drop'; readonly key: TraceKey }
  | { readonly id: number; readonly type: 'perfetto'; readonly key: TraceKey }
  | { readonly id: number; readonly type: 'ask'; readonly name: TraceCallName; readonly request: unknown }

export type FromTraces =
  | { readonly id: number; readonly reply: unknown }
  | {
      readonly id: number
      readonly error: { readonly code: string; readonly message: string; readonly hint?: string }
    }

/** The answer to `add`. */
export type Added = TraceSummary

/** A question that a trace cannot answer. */
export class TraceError extends Error {
  override readonly name = 'TraceError'
  constructor(
    /** `trace-range`, `trace-failed`, `trace-memory`. */
    readonly code: 'trace-range' | 'trace-failed' | 'trace-memory',
    message: string,
    readonly hint?: string
  ) {
    super(message)
  }
}

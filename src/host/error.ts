/** A refusal of the host: a stable code, a message for people, and what to do about it. */
export class HostError extends Error {
  override readonly name = 'HostError'
  constructor(
    /** `bad-id`, `not-found`, `read-only`, `too-large`, `too-many-drafts`, `bad-data`, `unavailable`. */
    readonly code: string,
    message: string,
    readonly hint?: string
  ) {
    super(message)
  }
}

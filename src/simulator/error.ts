/** A refusal of the simulator. */
export class SimulatorError extends Error {
  override readonly name = 'SimulatorError'
  constructor(
    /** `too-many-runs`, `not-finished`, `not-found`, `trace-range`, `trace-failed`, `trace-memory`. */
    readonly code: string,
    message: string,
    readonly hint?: string
  ) {
    super(message)
  }
}

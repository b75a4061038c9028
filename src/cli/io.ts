/** What the commands say and where: results to stdout, everything else to stderr. */

/** The two streams and what is known of them. */
export interface Io {
  out(text: string): void
  err(text: string): void
  /** Whether a person watches stderr: only then is there a progress line. */
  readonly live: boolean
  readonly columns: number
  /** Resolves when the user interrupts. */
  readonly interrupted: Promise<void>
}

/** Exit codes of every command. */
export const EXIT = {
  /** All expectations hold; a bundle verifies. */
  ok: 0,
  /** An expectation fails; a bundle differs. */
  fails: 1,
  /** A mistake in the script, the options or the file; a limit. */
  user: 2,
  /** A defect of ours. */
  internal: 3,
  /** `explore` cannot say: a bound was reached, somebody cancelled, or an open assumption decides. */
  undecided: 4,
  /** Interrupted by the user (128 + SIGINT). */
  interrupted: 130
} as const

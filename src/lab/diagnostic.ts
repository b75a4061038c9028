/** Located messages to the user, and the error that carries one through our own code. */
import type { Diagnostic, Parameters } from './results/types'

/** A user's mistake (or a limit, or a refused bundle) on its way to where it is shown. */
export class LabError extends Error {
  override readonly name = 'LabError'
  readonly code: string
  readonly hint?: string

  constructor(readonly diagnostic: Diagnostic) {
    super(diagnostic.message)
    this.code = diagnostic.code
    this.hint = diagnostic.hint
  }
}

/** Shorthand for an error-level diagnostic. */
export function problem(code: string, message: string, rest: Partial<Diagnostic> = {}): Diagnostic {
  return { code, severity: 'error', message, ...rest }
}

/** `kernel=contpte-v2 cpus=8`, or nothing for a cell without parameters. */
export function parametersText(parameters: Parameters): string {
  return Object.entries(parameters)
    .map(([name, value]) => `${name}=${String(value)}`)
    .join(' ')
}

/**
 * The line a terminal shows: `file:line:column: message [code]`, then the cell and the hint on lines
 * of their own. What has no position starts with what it has.
 */
export function formatDiagnostic(diagnostic: Diagnostic): string {
  const { file, line, column, severity, message, code, parameters, hint } = diagnostic
  const place = [file, line, line === undefined ? undefined : (column ?? 1)].filter(
    (part) => part !== undefined
  )
  const head = place.length > 0 ? `${place.join(':')}: ` : ''
  const level = severity === 'error' ? '' : `${severity}: `
  const cell =
    parameters && Object.keys(parameters).length > 0 ? `\n  in the cell ${parametersText(parameters)}` : ''
  return `${head}${level}${message} [${code}]${cell}${hint ? `\n  ${hint}` : ''}`
}

/** What a diagnostic says of an error that nobody expected: a defect of ours. */
export function internalProblem(error: unknown, doing: string): Diagnostic {
  const text = error instanceof Error ? error.message : String(error)
  return problem('internal', `internal error while ${doing}: ${text}`, {
    hint: 'This is a defect of contpte-lab, not of your script.'
  })
}

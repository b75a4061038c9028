/** Messages about the script: of the editor's check and of the run on screen, as one list. */
import type { Diagnostic, Severity } from '../../../protocol/results'

export interface Problem {
  readonly diagnostic: Diagnostic
  /** Who says so: the check of what is typed, or the run. */
  readonly from: 'editor' | 'run'
  /** `file:line:column`, when the message has a place. */
  readonly at?: string
}

const RANK: Readonly<Record<Severity, number>> = { error: 0, warning: 1, info: 2 }

function placeOf(diagnostic: Diagnostic): string | undefined {
  const { file, line, column } = diagnostic
  return file && line ? `${file}:${line}:${column ?? 1}` : undefined
}

const sameKey = ({ code, message, file, line, column }: Diagnostic) =>
  JSON.stringify([code, message, file, line, column])

/** Errors first, then by place; what both the editor and the run say is listed once. */
export function gatherProblems(editor: readonly Diagnostic[], run: readonly Diagnostic[]): Problem[] {
  const problems = new Map<string, Problem>()
  const add = (diagnostic: Diagnostic, from: Problem['from']) => {
    const key = sameKey(diagnostic)
    if (!problems.has(key)) problems.set(key, { diagnostic, from, at: placeOf(diagnostic) })
  }
  for (const diagnostic of editor) add(diagnostic, 'editor')
  for (const diagnostic of run) add(diagnostic, 'run')
  return [...problems.values()].sort(
    (a, b) =>
      RANK[a.diagnostic.severity] - RANK[b.diagnostic.severity] || comparePlaces(a.diagnostic, b.diagnostic)
  )
}

function comparePlaces(a: Diagnostic, b: Diagnostic): number {
  return (
    (a.file ?? '').localeCompare(b.file ?? '', 'en') ||
    (a.line ?? 0) - (b.line ?? 0) ||
    (a.column ?? 0) - (b.column ?? 0)
  )
}

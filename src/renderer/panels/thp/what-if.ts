/**
 * What was typed over a trace, by its cell and machine. A trace is a run that is over: lines change the
 * settings the panel answers with, from the event on at which one stands, and nothing else. They go into
 * the script on request.
 */
import { reactive } from 'vue'
import type { TraceKey } from '../../../protocol/trace'

const typed = reactive(new Map<string, string[]>())

function keyOf({ runId, cell }: TraceKey, machine: number): string {
  return `${runId} ${cell} ${machine}`
}

export function linesOf(key: TraceKey, machine: number): readonly string[] {
  return typed.get(keyOf(key, machine)) ?? []
}

/** Most lines of one console. */
const MAX_LINES = 500

export function addLine(key: TraceKey, machine: number, line: string): void {
  const lines = [...linesOf(key, machine), line].slice(-MAX_LINES)
  typed.set(keyOf(key, machine), lines)
}

export function clearLines(key: TraceKey, machine: number): void {
  typed.delete(keyOf(key, machine))
}

/** Lines that change something, as calls of a script; `machine` is the variable's name there. */
export function asScript(lines: readonly string[], machine = 'm'): string {
  return lines
    .filter((line) => /[>|]|\bcd\b/.test(line))
    .map((line) => `${machine}.shell(${quoted(line)})\n`)
    .join('')
}

function quoted(line: string): string {
  return line.includes("'") ? JSON.stringify(line) : `'${line.replaceAll('\\', '\\\\')}'`
}

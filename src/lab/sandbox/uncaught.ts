/** Names what an error of the script was: a limit, a name that is not there, a refusal of ours, or its own. */
import { problem } from '../diagnostic'
import { memoryLimitProblem } from '../limits'
import type { Diagnostic, Limits } from '../results/types'
import { importForbidden } from '../script/imports'
import { unavailableMessage } from '../script/unavailable'
import type { StackReader } from './stack'

/** An uncaught error as the prelude describes it; `code` only when it was made by us. */
export interface ScriptFailure {
  readonly name: string
  readonly message: string
  readonly stack: string
  readonly code?: string
}

export interface ScriptPlace {
  readonly file: string
  readonly limits: Limits
  readonly stack: StackReader
}

/** Texts of the interpreter for more memory than it has, or could ever address. */
const NO_MEMORY = ['out of memory', 'string too long', 'invalid array buffer length']

function named(failure: ScriptFailure, limits: Limits): Diagnostic {
  const { name, message, code } = failure
  if (code !== undefined) return problem(code, message)
  if (NO_MEMORY.includes(message)) return memoryLimitProblem(limits)
  if (name === 'InternalError' && message === 'stack overflow') {
    const hint = 'A function calls itself too deeply, or without end.'
    return problem('limit-stack', 'stack limit reached: too many calls inside one another', { hint })
  }
  const missing = name === 'ReferenceError' && /^'?([^' ]+)'? is not defined$/.exec(message)
  const unavailable = missing && unavailableMessage(missing[1])
  if (unavailable) return problem('not-available', unavailable)
  const imported = /^cannot import '(.*)': experiments/.exec(message)
  if (imported) return importForbidden(imported[1])
  if (name === 'SyntaxError') return problem('syntax-error', message)
  return problem('script-error', name === '' || name === 'Error' ? message : `${name}: ${message}`)
}

/** The diagnostic of an uncaught error, at the user's own line where there is one. */
export function errorDiagnostic(failure: ScriptFailure, place: ScriptPlace): Diagnostic {
  const position = place.stack.position(failure.stack)
  return { ...named(failure, place.limits), file: place.file, ...position }
}

/**
 * The inside of the check worker: everything that reads what a stranger wrote and may take long or
 * never end (compiler, type-checker, chart renderer), away from whoever waits for it.
 */
import type { MessagePort } from 'node:worker_threads'
import { internalProblem, LabError } from '../diagnostic'
import type { Chart, Diagnostic } from '../results/types'
import { compileScript, type CompileResult } from './compile'

export type CheckTask =
  | { readonly kind: 'compile'; readonly file: string; readonly text: string; readonly types: boolean }
  | { readonly kind: 'chart'; readonly chart: Chart }

export interface CheckAnswer extends CompileResult {
  readonly svg?: string
}

export interface ToChecker {
  readonly id: number
  readonly task: CheckTask
}

export interface FromChecker {
  readonly id: number
  readonly answer: CheckAnswer
}

async function performed(task: CheckTask): Promise<CheckAnswer> {
  if (task.kind === 'chart') {
    const { chartSvg } = await import('../results/svg')
    return { svg: await chartSvg(task.chart), diagnostics: [] }
  }
  const compiled = await compileScript(task.file, task.text)
  // Types of a script that does not even parse are noise.
  if (!task.types || compiled.code === undefined) return compiled
  const { typeCheck } = await import('./type-check')
  return { ...compiled, diagnostics: [...compiled.diagnostics, ...typeCheck(task.file, task.text)] }
}

function failed(error: unknown): Diagnostic {
  return error instanceof LabError ? error.diagnostic : internalProblem(error, 'checking')
}

/** Serves one checker, one request after the other. */
export function serveChecks(port: MessagePort): void {
  let before: Promise<void> = Promise.resolve()
  const serve = async ({ id, task }: ToChecker): Promise<void> => {
    const answer = await performed(task).catch((error: unknown) => ({ diagnostics: [failed(error)] }))
    const message: FromChecker = { id, answer }
    port.postMessage(message)
  }
  port.on('message', (message: ToChecker) => {
    before = before.then(() => serve(message))
  })
}

/**
 * TypeScript to JavaScript by blanking the types out, so that every line and column stays where the
 * user wrote it; and the imports of what came out.
 */
import { createRequire } from 'node:module'
import type * as stripper from '@swc/wasm-typescript'
import { ImportType, init, parse } from 'es-module-lexer'
import { problem } from '../diagnostic'
import { MAX_SCRIPT_CHARS } from '../limits'
import type { Diagnostic } from '../results/types'
import { API_MODULE, importForbidden } from './imports'
import { columnFromStripper, positionAt } from './position'

// Not imported: `import` would look for the exports of a CommonJS module, megabytes of it, before it runs it.
const { transformSync } = createRequire(import.meta.url)('@swc/wasm-typescript') as typeof stripper

export interface CompileResult {
  /** JavaScript with the same lines and columns; absent when there are errors. */
  readonly code?: string
  readonly diagnostics: readonly Diagnostic[]
}

interface StripProblem {
  readonly code: string
  readonly message: string
  readonly startLine?: number
  readonly startColumn?: number
  readonly endLine?: number
  readonly endColumn?: number
}

/** The stripper throws plain objects; anything else it throws is a defect. */
function isStripProblem(thrown: unknown): thrown is StripProblem {
  return typeof thrown === 'object' && thrown !== null && 'code' in thrown && 'message' in thrown
}

function located(file: string, text: string, thrown: StripProblem): Diagnostic {
  const lines = text.split('\n')
  const column = (line: number | undefined, cells: number | undefined): number | undefined =>
    line === undefined || cells === undefined ? undefined : columnFromStripper(lines[line - 1] ?? '', cells)
  const unsupported = thrown.code === 'UnsupportedSyntax'
  return problem(unsupported ? 'unsupported-syntax' : 'syntax-error', thrown.message, {
    hint: unsupported
      ? 'Experiments use only TypeScript that is JavaScript once the types are gone: no enum, namespace or parameter property.'
      : undefined,
    file,
    line: thrown.startLine ?? 1,
    column: column(thrown.startLine, thrown.startColumn) ?? 1,
    endLine: thrown.endLine,
    endColumn: column(thrown.endLine, thrown.endColumn)
  })
}

function forbiddenImports(file: string, code: string): Diagnostic[] {
  const [imports] = parse(code)
  return imports.flatMap((found) => {
    if (found.t === ImportType.ImportMeta || found.n === API_MODULE) return []
    const dynamic = found.d >= 0
    // A name made at run time is refused when it is asked for.
    if (dynamic && found.n === undefined) return []
    const from = positionAt(code, dynamic ? found.ss : found.s - 1)
    const to = positionAt(code, found.e + (dynamic ? 0 : 1))
    const place = { file, line: from.line, column: from.column, endLine: to.line, endColumn: to.column }
    return [{ ...importForbidden(found.n ?? code.slice(found.s, found.e)), ...place }]
  })
}

/**
 * Compiles a script.
 *
 * @param file name shown in positions
 * @returns code, or located diagnostics `script-too-large`, `syntax-error`, `unsupported-syntax`,
 * `import-forbidden`
 */
export async function compileScript(file: string, text: string): Promise<CompileResult> {
  if (text.length > MAX_SCRIPT_CHARS) {
    const message = `the script has ${text.length} characters; at most ${MAX_SCRIPT_CHARS} are allowed`
    return { diagnostics: [problem('script-too-large', message, { file, line: 1, column: 1 })] }
  }
  await init
  try {
    const { code } = transformSync(text, {
      mode: 'strip-only',
      module: true,
      filename: file,
      sourceMap: false
    })
    const diagnostics = forbiddenImports(file, code)
    return diagnostics.length > 0 ? { diagnostics } : { code, diagnostics }
  } catch (thrown) {
    if (!isStripProblem(thrown)) throw thrown
    return { diagnostics: [located(file, text, thrown)] }
  }
}

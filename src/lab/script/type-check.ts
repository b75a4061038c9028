/**
 * Type errors of a script, with exactly the settings the editor uses (`resources/api`), from the
 * compiler's run-time API. Slow to load (about half a second), so only the check worker imports this.
 */
import { createRequire } from 'node:module'
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type ts from 'typescript'
import settings from '../../../resources/api/compiler-options.json'
import { problem } from '../diagnostic'
import type { Diagnostic } from '../results/types'
import { API_TYPES } from './api-types'
import { importForbidden } from './imports'
import { unavailableMessage } from './unavailable'

const SCRIPT = '/experiment.ts'
const API = '/contpte-lab.d.ts'
const LIB_FOLDER = '/lib'

const load = createRequire(import.meta.url)
// Not imported: before it runs a CommonJS module, `import` looks for its exports, which in nine megabytes
// takes twice as long as to run it.
const compiler = load('typescript') as typeof ts
const libOnDisk = dirname(load.resolve('typescript'))
const options: ts.CompilerOptions = { ...settings, lib: settings.lib.map((name) => `lib.${name}.d.ts`) }

/** Library files never change while we run: parsed once. */
const parsed = new Map<string, ts.SourceFile | undefined>()

function libraryFile(name: string): ts.SourceFile | undefined {
  if (!parsed.has(name)) {
    let text: string | undefined
    if (name === API) text = API_TYPES
    else if (/^\/lib\/lib\.[a-z0-9.]+\.d\.ts$/.test(name)) {
      text = readFileSync(join(libOnDisk, name.slice(LIB_FOLDER.length + 1)), 'utf8')
    }
    parsed.set(
      name,
      text === undefined ? undefined : compiler.createSourceFile(name, text, compiler.ScriptTarget.ESNext)
    )
  }
  return parsed.get(name)
}

let previous: ts.Program | undefined

function programFor(text: string): ts.Program {
  const script = compiler.createSourceFile(SCRIPT, text, compiler.ScriptTarget.ESNext)
  const known = (name: string): ts.SourceFile | undefined => (name === SCRIPT ? script : libraryFile(name))
  const host: ts.CompilerHost = {
    getSourceFile: known,
    getDefaultLibFileName: () => `${LIB_FOLDER}/lib.es2023.d.ts`,
    getDefaultLibLocation: () => LIB_FOLDER,
    writeFile: () => undefined,
    getCurrentDirectory: () => '/',
    getCanonicalFileName: (name) => name,
    useCaseSensitiveFileNames: () => true,
    getNewLine: () => '\n',
    fileExists: (name) => name === SCRIPT || name === API,
    readFile: (name) => (name === SCRIPT ? text : undefined),
    directoryExists: () => false,
    getDirectories: () => []
  }
  previous = compiler.createProgram({ rootNames: [SCRIPT, API], options, host, oldProgram: previous })
  return previous
}

function kernelNames(): string {
  const list = /export type KernelName =([^]*?)\n\n/.exec(API_TYPES)?.[1] ?? ''
  return [...list.matchAll(/'[^']+'/g)].map((match) => match[0]).join(', ')
}

/** The compiler's text, unless one of our own says more. */
function described(
  number: number,
  message: string,
  inImport: boolean
): Pick<Diagnostic, 'code' | 'severity' | 'message' | 'hint'> {
  const name = /^Cannot find (?:module|name) '([^']+)'/.exec(message)
  if (name && inImport) return importForbidden(name[1])
  const unavailable = name && unavailableMessage(name[1])
  if (unavailable) return problem('not-available', unavailable)
  const kernel = /Type '"([^"]*)"' is not assignable to type 'KernelName/.exec(message)
  if (kernel) {
    const hint = `Kernels: ${kernelNames()}.`
    return problem('unknown-kernel', `unknown kernel '${kernel[1]}'`, { hint })
  }
  return problem('type-error', `${message} (TS${number})`)
}

function toDiagnostic(file: string, found: ts.Diagnostic): Diagnostic {
  const message = compiler.flattenDiagnosticMessageText(found.messageText, '\n  ')
  const syntax =
    found.category === compiler.DiagnosticCategory.Error && found.code >= 1000 && found.code < 2000
  const quoted = /['"]/.test(found.file?.text[found.start ?? 0] ?? '')
  const what = syntax ? problem('syntax-error', message) : described(found.code, message, quoted)
  if (!found.file || found.file.fileName !== SCRIPT || found.start === undefined)
    return { ...what, file, line: 1, column: 1 }
  const from = found.file.getLineAndCharacterOfPosition(found.start)
  const to = found.file.getLineAndCharacterOfPosition(found.start + (found.length ?? 0))
  return {
    ...what,
    file,
    line: from.line + 1,
    column: from.character + 1,
    endLine: to.line + 1,
    endColumn: to.character + 1
  }
}

/**
 * Checks a script's types.
 *
 * @param file name shown in positions
 * @returns errors in the order of the file: `type-error`, `syntax-error`, `not-available`,
 * `import-forbidden`, `unknown-kernel`
 */
export function typeCheck(file: string, text: string): readonly Diagnostic[] {
  const program = programFor(text)
  const source = program.getSourceFile(SCRIPT)
  const found = [
    ...program.getOptionsDiagnostics(),
    ...program.getGlobalDiagnostics(),
    ...program.getSyntacticDiagnostics(source),
    ...program.getSemanticDiagnostics(source)
  ]
  return compiler.sortAndDeduplicateDiagnostics(found).map((one) => toDiagnostic(file, one))
}

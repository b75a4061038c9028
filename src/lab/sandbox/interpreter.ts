/**
 * One QuickJS in one WebAssembly instance of its own. Linear memory is capped by the instance, not by
 * the interpreter (whose own limit does not hold); nothing is ever disposed or used again: when a task
 * is over the instance is forgotten, after an error its worker too.
 */
import variant from '@jitl/quickjs-wasmfile-release-sync'
import {
  DefaultIntrinsics,
  newQuickJSWASMModuleFromVariant,
  newVariant,
  type QuickJSContext,
  type QuickJSRuntime
} from 'quickjs-emscripten-core'
import { STACK_BYTES } from '../limits'
import { API_TYPES } from '../script/api-types'
import { API_MODULE, importForbidden } from '../script/imports'
import context from './prelude/context.js?raw'
import host from './prelude/host.js?raw'
import machine from './prelude/machine.js?raw'
import values from './prelude/values.js?raw'
import { interpreterCode } from './wasm'

const WASM_PAGE = 64 * 1024
/** What the build of the interpreter starts with. */
const INITIAL_PAGES = 256

/** Type names of the API exist as values too, so that an import without `type` is not an error. */
const typeNames = [...API_TYPES.matchAll(/^ {2}export (?:interface|type) (\w+)/gm)].map((match) => match[1])
const api = [`export { experiment, model } from '${API_MODULE}:context'`]
  .concat(typeNames.map((name) => `export const ${name} = undefined`))
  .join('\n')

/** What the host evaluates first, and takes `hooks` from. */
export const START = { name: `${API_MODULE}:start`, code: `export { hooks } from '${API_MODULE}:context'` }

const MODULES: Readonly<Record<string, string>> = {
  [API_MODULE]: api,
  [START.name]: START.code,
  [`${API_MODULE}:context`]: context,
  [`${API_MODULE}:host`]: host,
  [`${API_MODULE}:machine`]: machine,
  [`${API_MODULE}:values`]: values
}

const REFUSED = 'refused:'

export interface Interpreter {
  readonly context: QuickJSContext
  readonly runtime: QuickJSRuntime
  /** Whether linear memory has grown to its cap. */
  memoryFull(): boolean
}

/**
 * Starts an interpreter.
 *
 * @param memoryBytes cap of its linear memory
 * @param interrupt asked every few thousand steps: true ends the script with an error it cannot catch
 * @param wasmModule its compiled code
 */
export async function startInterpreter(
  memoryBytes: number,
  interrupt: () => boolean,
  wasmModule = interpreterCode()
): Promise<Interpreter> {
  const maximum = Math.max(INITIAL_PAGES, Math.floor(memoryBytes / WASM_PAGE))
  const wasmMemory = new WebAssembly.Memory({ initial: INITIAL_PAGES, maximum })
  const quickjs = await newQuickJSWASMModuleFromVariant(newVariant(variant, { wasmMemory, wasmModule }))
  const runtime = quickjs.newRuntime()
  runtime.setMaxStackSize(STACK_BYTES)
  runtime.setInterruptHandler(interrupt)
  // Refusing in the normaliser would lose the name on the way to a dynamic import's error.
  runtime.setModuleLoader(
    (name) => MODULES[name] ?? { error: new Error(importForbidden(name.slice(REFUSED.length)).message) },
    (base, name) => {
      const ours = Object.hasOwn(MODULES, base) && Object.hasOwn(MODULES, name)
      return ours || name === API_MODULE ? name : `${REFUSED}${name}`
    }
  )
  const context = runtime.newContext({ intrinsics: { ...DefaultIntrinsics, Date: false } })
  return { context, runtime, memoryFull: () => wasmMemory.buffer.byteLength >= maximum * WASM_PAGE }
}

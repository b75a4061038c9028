/** The compiled code of QuickJS, without state: one for all interpreters of the process. */
import { createRequire } from 'node:module'
import { readFileSync } from 'node:fs'

let compiled: WebAssembly.Module | undefined

/**
 * Compiles the interpreter, once. Who starts workers keeps it and hands it to them: code that grew hot in
 * one is optimised in the next from its start, where a worker's own would be compiled and optimised anew.
 */
export function interpreterCode(): WebAssembly.Module {
  if (!compiled) {
    const path = createRequire(import.meta.url).resolve('@jitl/quickjs-wasmfile-release-sync/wasm')
    compiled = new WebAssembly.Module(new Uint8Array(readFileSync(path)))
  }
  return compiled
}

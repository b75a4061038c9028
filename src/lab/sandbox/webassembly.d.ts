/** The part of WebAssembly's JavaScript interface we use; the DOM library, which declares it, is not for this floor. */
declare namespace WebAssembly {
  /** Linear memory, in pages of 64 KiB. */
  class Memory {
    constructor(descriptor: { initial: number; maximum?: number })
    readonly buffer: ArrayBuffer
  }
  /** Compiled code without state. */
  class Module {
    constructor(bytes: Uint8Array)
  }
}

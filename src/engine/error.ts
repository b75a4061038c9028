/**
 * A mistake of the caller that the simulated system answers precisely: an errno of a simulated system
 * call or sysfs write, or a configuration the engine refuses. Broken invariants of the engine itself
 * are plain `Error`s.
 */
export class EngineError extends Error {
  override readonly name = 'EngineError'
  constructor(
    /**
     * Errno name (`EINVAL`, `ENOENT`, `EACCES`, `EISDIR`, `ENOMEM`, `EFAULT`, `EIO`) or an engine code
     * (`unknown-kernel`, `bad-argument`, `use-after-exit`, `no-cost-profile`, `bad-cost-profile`,
     * `no-tlb`, `no-progress`, `mmap-lock-held`, `inside-step`, `not-modelled`,
     * `tag-fault`, `hardware-error`).
     */
    readonly code: string,
    message: string
  ) {
    super(message)
  }
}

/** Fork holds the mmap_lock of `pid` for writing: `what` would wait for it, and fork for its caller. */
export function mmapLockHeld({ pid }: { readonly pid: number }, what: string): EngineError {
  return new EngineError(
    'mmap-lock-held',
    `Fork holds the mmap_lock of process ${pid} for writing: ${what} would wait until fork is over.`
  )
}

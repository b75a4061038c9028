/**
 * A mistake of the caller that the simulated system answers precisely: an errno of a simulated system
 * call or sysfs write, or a configuration the engine refuses. Broken invariants of the engine itself
 * are plain `Error`s.
 */
export class EngineError extends Error {
  override readonly name = 'EngineError'
  constructor(
    /** Errno name (`EINVAL`, `ENOENT`, `EACCES`, `EISDIR`, `ENOMEM`, `EFAULT`, `EIO`) or an engine code (`unknown-kernel`, `bad-argument`, `use-after-exit`, `no-cost-profile`, `bad-cost-profile`). */
    readonly code: string,
    message: string
  ) {
    super(message)
  }
}

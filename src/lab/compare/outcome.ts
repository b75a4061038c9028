/** How an operation of a recording may end without a result. */
import { EngineError } from '../../engine/error'

/** Something the simulator does not model, so that the case cannot be replayed. */
export class Unsupported extends Error {
  override readonly name = 'Unsupported'
}

const ERRNO = /^E[A-Z0-9]+$/

/** The result of a call that answered an errno; any other error goes on. */
export function failed(error: unknown): { readonly rc: number; readonly errno: string } {
  if (error instanceof EngineError && error.code === 'not-modelled') throw new Unsupported(error.message)
  if (error instanceof EngineError && ERRNO.test(error.code)) return { rc: -1, errno: error.code }
  throw error
}

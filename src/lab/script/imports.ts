/** The one import rule. Apart from the compiler, which is large: every lane of every run loads this. */
import { problem } from '../diagnostic'
import type { Diagnostic } from '../results/types'

/** The module every experiment imports, and the only one. */
export const API_MODULE = 'contpte-lab'

/** The message for an import of anything but the API. */
export function importForbidden(
  specifier: string
): Pick<Diagnostic, 'code' | 'severity' | 'message' | 'hint'> {
  return problem(
    'import-forbidden',
    `cannot import '${specifier}': experiments may import only '${API_MODULE}'`,
    {
      hint: 'Scripts run in a sandbox without files and network, so that anybody can re-run them.'
    }
  )
}

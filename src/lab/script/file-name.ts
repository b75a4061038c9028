/** Names of script files as they appear in positions, documents and bundles: no folder, nothing of the machine. */
import { LabError, problem } from '../diagnostic'

const MAX_CHARS = 200

/**
 * The name without folders.
 * @throws LabError `bad-file-name` for what cannot be a file name everywhere, or does not end in `.ts`.
 */
export function scriptFileName(path: string): string {
  const name = path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1).normalize('NFC')
  const refuse = (why: string): never => {
    throw new LabError(
      problem('bad-file-name', `'${name.slice(0, MAX_CHARS)}' cannot be the name of an experiment: ${why}`, {
        hint: 'Use a name such as fork-batching.ts.'
      })
    )
  }
  if (!/\.ts$/.test(name) || name.length < 4) refuse('it does not end in .ts')
  if (name.length > MAX_CHARS) refuse(`it has more than ${MAX_CHARS} characters`)
  if (name.startsWith('.')) refuse('it starts with a dot')
  if (/[\p{C}:()<>"|?*]/u.test(name)) refuse('it has a control character or one of : ( ) < > " | ? *')
  return name
}

/** `fork-batching` of `fork-batching.ts`. */
export function experimentName(file: string): string {
  return file.replace(/\.ts$/, '')
}

/** Errors as programs print them: `strerror`. */
import { EngineError } from '../../error'
import type { SysfsTree } from '../tree'

const MESSAGES: Readonly<Record<string, string>> = {
  EACCES: 'Permission denied',
  EAGAIN: 'Resource temporarily unavailable',
  EBUSY: 'Device or resource busy',
  EINVAL: 'Invalid argument',
  EISDIR: 'Is a directory',
  ENOENT: 'No such file or directory',
  ENOMEM: 'Cannot allocate memory',
  ENOTDIR: 'Not a directory',
  ERANGE: 'Numerical result out of range'
}

/** The words for an errno. What is none is thrown again: it is no answer of the kernel's. */
export function strerror(error: unknown): string {
  const message = error instanceof EngineError ? MESSAGES[error.code] : undefined
  if (message === undefined) throw error
  return message
}

/**
 * `open(2)` with O_WRONLY and O_CREAT, as redirections and `tee` do: sysfs creates no files, so that a
 * name that is not there is `EACCES` in a directory that is, and `ENOENT` elsewhere. In /proc looking a name up
 * fails before anybody would create it.
 * Source: linux-6.12 fs/namei.c (`lookup_open`), fs/proc/generic.c (`proc_lookup_de`), fs/proc/proc_sysctl.c.
 */
export function openForWriting(tree: SysfsTree, path: string, directory: string): void {
  if (tree.exists(path, directory)) {
    if (tree.kind(path, directory) === 'directory') throw new EngineError('EISDIR', `EISDIR: '${path}'`)
    if (tree.mode(path, directory) === '0444') throw new EngineError('EACCES', `EACCES: '${path}'`)
    return
  }
  const slash = path.lastIndexOf('/')
  const parent = slash < 0 ? '.' : slash === 0 ? '/' : path.slice(0, slash)
  const inProc = /^\/proc(?:\/|$)/.test(path.startsWith('/') ? path : `${directory}/${path}`)
  if (path !== '' && !inProc && tree.kind(parent, directory) === 'directory') {
    throw new EngineError('EACCES', `EACCES: nobody can create '${path}'`)
  }
  tree.resolve(path === '' ? '\u0000' : path, directory)
}

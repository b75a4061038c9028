/** What Tab offers: names of commands, then names of files. */
import type { SysfsTree } from '../tree'

/** Ways to go on. */
export interface Completion {
  /** Index in the text where the part that is replaced begins. */
  readonly from: number
  /** What may stand there; directories end in a slash, names of commands in nothing. */
  readonly candidates: readonly string[]
}

/** Candidates for the end of `before`, the text up to the cursor. */
export function complete(
  before: string,
  tree: SysfsTree,
  directory: string,
  commands: readonly string[]
): Completion {
  const word = /[^\s;|&<>()"']*$/.exec(before)?.[0] ?? ''
  const from = before.length - word.length
  const left = before.slice(0, from).trimEnd()
  const isCommand = left === '' || /(?:[;|&(]|\bdo|\bsudo|!)$/.test(left)
  if (isCommand && !word.includes('/')) {
    const candidates = [...new Set(commands)].filter((name) => name.startsWith(word)).sort()
    return { from, candidates }
  }
  const slash = word.lastIndexOf('/') + 1
  const place = word.slice(0, slash)
  const path = place === '' ? '.' : place
  if (!tree.exists(path, directory) || tree.kind(path, directory) !== 'directory') {
    return { from, candidates: [] }
  }
  const candidates = tree
    .list(path, directory)
    .filter((name) => name.startsWith(word.slice(slash)))
    .map((name) => `${place}${name}${tree.kind(`${place}${name}`, directory) === 'directory' ? '/' : ''}`)
  return { from, candidates }
}

/** Entries in the words of the panels. */
import {
  AF,
  MARKER,
  MIGRATION,
  PROT_NONE,
  SWAP,
  VALID,
  WRITE,
  RDONLY,
  isDirty,
  isValidCont
} from '../../engine/arch/descriptor'

/** `writable, dirty, young, contiguous`, or what an entry that is not valid is. */
export function entryWords(attr: number): string {
  if (attr === 0) return 'none'
  if ((attr & VALID) === 0) {
    if ((attr & SWAP) !== 0) return 'swap entry'
    if ((attr & MIGRATION) !== 0) return 'migration entry'
    if ((attr & MARKER) !== 0) return 'marker'
    if ((attr & PROT_NONE) !== 0) return 'PROT_NONE'
    return 'invalid'
  }
  const writable = (attr & WRITE) !== 0
  const words = [writable ? ((attr & RDONLY) !== 0 ? 'writable-clean' : 'writable') : 'read-only']
  if (isDirty(attr)) words.push('dirty')
  words.push((attr & AF) !== 0 ? 'young' : 'old')
  if (isValidCont(attr)) words.push('contiguous')
  return words.join(', ')
}

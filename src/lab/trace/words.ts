/** Entries, swap slots and tags in the words of the panels. */
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
import { SLOT_CACHED, SLOT_COUNT } from '../../engine/mm/swap'
import { tagsOfLane } from '../../engine/trace/tag-lanes'
import type { IndexedTrace } from './indexed'

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

/** A swap slot: how many entries name it, and who owns it. */
export function slotWords(map: number, owner: number): string {
  if (map === 0) return 'free'
  if ((map & SLOT_CACHED) === 0) return `count ${map}`
  return `count ${map & SLOT_COUNT}, ${owner === 0 ? 'held by a slot cache' : `in the swap cache (folio ${owner})`}`
}

/** The tags of a lane of an event: those of one page. */
export function tagWords(trace: IndexedTrace, lane: number): string {
  const tags = tagsOfLane(trace.log.texts, lane)
  if (typeof tags === 'number') return `tag ${tags.toString(16)}`
  return `tags ${[...new Set(tags)].sort().join(', ')}`
}

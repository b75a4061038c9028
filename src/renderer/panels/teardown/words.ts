/** What the Teardown panel says, as sentences. */
import type { TraceGather, TraceTeardown } from '../../../protocol/trace'
import { count, formatNumber } from '../../parts/format'

type Block = NonNullable<TraceTeardown['block']>
type Entry = Block['entries'][number]

/** Letter of a cell, and the same in words. */
export interface CellWords {
  readonly letter: string
  readonly words: string
}

/** What a walk of this very index by another CPU finds. */
export function walkWords({ walk }: Entry): CellWords {
  if (walk === 'block') return { letter: 'B', words: 'may give the whole block (case B)' }
  if (walk === 'page') return { letter: 'P', words: 'gives this page' }
  return { letter: '·', words: 'faults (case A)' }
}

/** Whether a translation of another index may cover this one. */
export function neighbourWords({ walk, neighbours }: Entry): CellWords {
  if (!neighbours || walk === 'block') return { letter: '·', words: 'nothing more' }
  return { letter: 'B', words: 'by a walk of a remaining entry, the whole block' }
}

/** Which TLBs translate the page now. */
export function tlbWords({ held }: Entry): CellWords {
  if (held.length === 0) return { letter: '·', words: 'no TLB' }
  const cpus = [...new Set(held)]
  return { letter: cpus.length > 1 ? '+' : String(cpus[0]), words: `CPU ${cpus.join(', ')}` }
}

/** Whether the page behind the index is still held. */
export function pageWords({ pfn, givenUp }: Entry): CellWords {
  if (pfn < 0) return { letter: '·', words: 'none in reach' }
  return givenUp
    ? { letter: '!', words: `frame ${formatNumber(pfn)}, given up` }
    : { letter: 'h', words: `frame ${formatNumber(pfn)}, held` }
}

/** What a broadcast TLBI would do now (R5). */
export function invalidationSentence({ invalidation: { removes, comesBack } }: Block): string {
  const now = removes === 0 ? 'would remove nothing' : `would remove ${count(removes, 'translation')}`
  const then = comesBack
    ? 'the next walk of a remaining entry may form the block again'
    : 'no walk can form the block again'
  return `A broadcast TLBI, from whichever CPU, ${now}; ${then}.`
}

/** What may be stored in a cleared index (R6). */
export function storeSentence({ stores }: Block): string {
  return stores.valid
    ? 'A marker or a valid entry may be stored in a cleared entry.'
    : 'A marker may be stored in a cleared entry; a valid entry may not before the flush.'
}

/** What waits, and what the next flush frees. */
export function gatherSentence(gather: TraceGather): string {
  const { pages, slots, capacity, folios } = gather
  if (pages === 0) return 'The gather holds nothing.'
  return `The gather holds ${count(pages, 'page')} in ${formatNumber(slots)} of ${count(capacity, 'slot')}; its flush frees ${count(folios, 'folio')}.`
}

/** What earlier flushes of this teardown freed. */
export function freedSentence({ freedFolios, freedPages }: TraceGather): string {
  if (freedFolios === 0) return 'Nothing has been freed yet.'
  return `Freed so far: ${count(freedFolios, 'folio')}, ${count(freedPages, 'page')}.`
}

/** Why a block is safe or not; where nothing is torn down, entries need not have been cleared to be invalid. */
export function reasonSentence({ rule, why }: Block, { span }: Pick<TraceTeardown, 'span'>): string {
  if (!span && rule === 'case-a') return 'An access to an entry that is not valid faults (R2).'
  if (!span && rule === 'case-b')
    return 'A walk of a valid entry may map the whole block, with entries that are not valid; no page of it has been given up (R1, R3).'
  return why
}

/** Where in a teardown the event lies. */
export function spanSentence({ span, pid }: TraceTeardown): string {
  if (!span) return `No teardown of process ${pid} is under way at this event.`
  return span.kind === 'exit'
    ? `Process ${pid} is exiting: nothing runs in it.`
    : `Part of process ${pid} is being unmapped; its threads may run.`
}

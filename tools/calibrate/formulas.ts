import type { CounterName } from '../../src/engine/trace/counters'

/** Pages of a contpte block (4 KiB granule). */
const C = 16
const PTES_PER_TABLE = 512

/**
 * What one fork of `pages` present pages counts, by the formulae of the reference (fork.md section 7):
 * private, writable, anon exclusive, unpinned memory in aligned 16-page folios, every block folded
 * where the kernel folds, no FEAT_TLBIRANGE. Both sides together, the final flush of the parent
 * included. Counters the reference gives no formula for are left out.
 *
 * Lock-break tests are one fewer a section under the lock than the reference's rounded N/4 or Fo: the
 * test stands at the head of the loop, and after the last entry there is no further turn.
 */
export function forkFormulas(kernel: string, pages: number): Partial<Record<CounterName, number>> {
  const blocks = pages / C
  const folios = blocks
  const sections = Math.max(1, pages / PTES_PER_TABLE)
  const all = {
    cas: pages,
    mapcount: pages,
    exclusiveClear: pages,
    progress: 8 * pages,
    lockSection: sections
  }
  const flush = { tlbi: 1, dsbIshst: 1, dsbIsh: 1 }
  const perPage = { folioRef: pages, lockBreakTest: pages / 4 - sections }
  switch (kernel) {
    case 'no-contpte':
      return { ...all, ...flush, ...perPage, read: 3 * pages, write: pages, xchg: 0, fold: 0, unfold: 0 }
    case 'contpte-unbatched': {
      const parentReads = blocks * (2 * (1 + C) + 3 + 5 * (C - 1) + C)
      const childReads = pages + blocks * C
      const converts = 3 * blocks
      return {
        ...all,
        ...perPage,
        read: parentReads + childReads,
        write: pages + converts * C,
        xchg: converts * C,
        tlbi: flush.tlbi + converts * C,
        dsbIshst: flush.dsbIshst + converts,
        dsbIsh: flush.dsbIsh + converts,
        fold: 2 * blocks,
        unfold: blocks
      }
    }
    case 'contpte-v2':
      return {
        ...all,
        ...flush,
        read: (pages + folios) * (1 + C) + pages + blocks * (1 + C),
        write: pages,
        xchg: 0,
        fold: 0,
        unfold: 0,
        folioRef: folios,
        lockBreakTest: folios - sections
      }
    default:
      throw new Error(`The reference has no fork formulae for '${kernel}'.`)
  }
}

/**
 * What the machine counts: one slot a primitive, in a flat typed array, so that counting costs one
 * add. Names are part of the public interface (rows `counter.<name>`); they are added to, never renamed.
 *
 * Units: occurrences. Source of the meanings: reference `contpte.md` section 3-5, `fork.md` section 7.
 */
export const COUNTER_NAMES = [
  'read',
  'write',
  'xchg',
  'cas',
  'tlbi',
  'tlbiVale1is',
  'tlbiRvale1is',
  'tlbiVae1is',
  'tlbiRvae1is',
  'tlbiAside1is',
  'dsbIshst',
  'dsbIsh',
  'fold',
  'unfold',
  'fault',
  'faultRead',
  'faultWrite',
  'cowReuse',
  'cowCopy',
  'folioAlloc',
  'folioFree',
  'pageAlloc',
  'pageFree',
  'pageClear',
  'pageCopy',
  'tableAlloc',
  'tableFree',
  'folioRef',
  'mapcount',
  'rss',
  'exclusiveClear',
  'fork',
  'forkBatch',
  'lockSection',
  'lockBreakTest',
  'lockBreak',
  'progress',
  'zapBatch',
  'tagSave',
  'tagScan',
  'tagLookup',
  'tagCopy',
  'tagSkip',
  'tagCheck',
  'tagDrop'
] as const

export type CounterName = (typeof COUNTER_NAMES)[number]

/** One sentence a counter, shown on hover and in the API's documentation. */
export const COUNTER_DOCS: Readonly<Record<CounterName, string>> = {
  read: 'Raw 64-bit loads of one descriptor by the kernel (walks by hardware not counted).',
  write: 'Plain 64-bit stores to a descriptor.',
  xchg: 'Atomic exchanges of a descriptor (one read and one write each, not counted again there).',
  cas: 'Compare-and-swap updates of a descriptor.',
  tlbi: 'TLB invalidate instructions of any kind.',
  tlbiVale1is: 'TLBI VALE1IS: one page, last level only, broadcast.',
  tlbiRvale1is: 'TLBI RVALE1IS: a range, last level only, broadcast (FEAT_TLBIRANGE).',
  tlbiVae1is: 'TLBI VAE1IS: one page with walk caches, broadcast.',
  tlbiRvae1is: 'TLBI RVAE1IS: a range with walk caches, broadcast (FEAT_TLBIRANGE).',
  tlbiAside1is: 'TLBI ASIDE1IS: one whole address space, broadcast.',
  dsbIshst: 'DSB ISHST: earlier stores are visible to table walkers.',
  dsbIsh: 'DSB ISH: earlier TLBIs are complete on every CPU.',
  fold: 'Blocks rewritten with the contiguous bit set on all entries.',
  unfold: 'Blocks rewritten as plain entries before one of them may change alone.',
  fault: 'Page faults taken.',
  faultRead: 'Page faults on loads.',
  faultWrite: 'Page faults on stores.',
  cowReuse: 'Copy-on-write faults that made the page writable in place.',
  cowCopy: 'Copy-on-write faults that copied the page.',
  folioAlloc: 'Folios allocated, of any order.',
  folioFree: 'Folios freed, of any order.',
  pageAlloc: 'Base pages allocated in folios.',
  pageFree: 'Base pages freed with their folios.',
  pageClear: 'Base pages cleared for user memory.',
  pageCopy: 'Base pages copied.',
  tableAlloc: 'Page-table pages allocated.',
  tableFree: 'Page-table pages freed.',
  folioRef: 'Atomic updates of a folio reference count.',
  mapcount: 'Atomic updates of a page mapcount.',
  rss: 'Updates of a resident-set counter.',
  exclusiveClear: 'Anon-exclusive flags cleared.',
  fork: 'Address spaces copied.',
  forkBatch: 'Batches of present entries copied by fork (a batch may be one entry).',
  lockSection: 'Sections under the page-table lock entered by fork.',
  lockBreakTest: 'Times fork asked whether to drop the page-table lock.',
  lockBreak: 'Times fork dropped the page-table lock in the middle of a table.',
  progress: 'Progress points fork added towards a lock-break test.',
  zapBatch: 'Batches of entries zapped.',
  tagSave: 'Pages whose memory tags were saved for swap.',
  tagScan: 'Pages whose memory tags were read at swap-out to see whether they are all zero.',
  tagLookup: 'Looks into the store of saved tags at swap-in.',
  tagCopy: 'Pages whose saved tags were written back.',
  tagSkip: 'Tags that were there already when they were to be restored.',
  tagCheck: 'Times a folio was found to have its tags back already (designs M5 and M6).',
  tagDrop: 'Saved tags freed with their swap slot.'
}

/** Index of each counter in `Counters.values`. */
export const COUNTER_INDEX = Object.freeze(
  Object.fromEntries(COUNTER_NAMES.map((name, index) => [name, index]))
) as Readonly<Record<CounterName, number>>

/** The counters of one machine. Plain numbers: exact up to 2^53. */
export class Counters {
  /** One slot a counter, ordered as `COUNTER_NAMES`. */
  readonly values = new Float64Array(COUNTER_NAMES.length)

  /** Occurrences counted so far. */
  get(name: CounterName): number {
    return this.values[COUNTER_INDEX[name]]
  }

  /** Counts `n` more occurrences. */
  add(name: CounterName, n = 1): void {
    this.values[COUNTER_INDEX[name]] += n
  }

  /** A copy of all values as they are now. */
  snapshot(): Float64Array {
    return this.values.slice()
  }
}

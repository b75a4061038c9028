/** Counter names as people say them; a counter without an entry is shown under its own name. */
const LABELS: Readonly<Record<string, string>> = {
  read: 'descriptor reads',
  write: 'descriptor writes',
  xchg: 'descriptor exchanges',
  cas: 'descriptor compare-and-swaps',
  tlbi: 'TLBI',
  tlbiVale1is: 'TLBI VALE1IS (broadcast)',
  tlbiRvale1is: 'TLBI RVALE1IS (broadcast)',
  tlbiVae1is: 'TLBI VAE1IS (broadcast)',
  tlbiRvae1is: 'TLBI RVAE1IS (broadcast)',
  tlbiAside1is: 'TLBI ASIDE1IS (broadcast)',
  dsbIshst: 'DSB ISHST',
  dsbIsh: 'DSB ISH',
  fold: 'folds',
  unfold: 'unfolds',
  fault: 'faults',
  faultRead: 'read faults',
  faultWrite: 'write faults',
  cowReuse: 'CoW reuses',
  cowCopy: 'CoW copies',
  folioAlloc: 'folios allocated',
  folioFree: 'folios freed',
  pageAlloc: 'pages allocated',
  pageFree: 'pages freed',
  pageClear: 'pages cleared',
  pageCopy: 'pages copied',
  tableAlloc: 'table pages allocated',
  tableFree: 'table pages freed',
  folioRef: 'folio refcount updates',
  mapcount: 'mapcount updates',
  rss: 'RSS updates',
  exclusiveClear: 'anon-exclusive flags cleared',
  fork: 'forks',
  forkBatch: 'batches copied',
  lockSection: 'page-table lock sections',
  lockBreakTest: 'lock-break tests',
  lockBreak: 'lock breaks',
  progress: 'progress points',
  zapBatch: 'batches zapped'
}

/** The name of a counter in words. */
export function counterLabel(name: string): string {
  return Object.hasOwn(LABELS, name) ? LABELS[name] : name
}

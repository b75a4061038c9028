/**
 * The kinds of trace events, with what each says. Names are public (breakpoints and filters use them);
 * they are added to, never renamed. An event's kind number is its place in the list.
 */
export const TRACE_KIND_DOCS = {
  write: 'A plain store to a descriptor.',
  xchg: 'An atomic exchange of a descriptor.',
  cas: 'A compare-and-swap update of a descriptor.',
  hardware: 'Hardware recorded access or dirty state in a descriptor.',
  'table-link': 'An upper-level descriptor begins or ends to point to a table.',
  'table-alloc': 'A page-table page is allocated.',
  'table-free': 'A page-table page is freed.',
  'table-move': 'mremap moves a whole table to other addresses.',
  'tlbi-page': 'TLBI of one page, last level only.',
  'tlbi-range': 'TLBIs of a range.',
  'tlbi-mm': 'TLBI of everything tagged with an ASID.',
  'dsb-ishst': 'DSB ISHST: earlier stores are visible to table walkers.',
  'dsb-ish': 'DSB ISH: earlier TLBIs are complete on every CPU.',
  'tlb-fill': 'A TLB takes a translation.',
  'tlb-evict': 'A TLB drops a translation to make room, or as it may.',
  'tlb-invalidate': 'An invalidation reaches a TLB entry.',
  'tlb-retire': 'The address space of a TLB entry has exited; the entry waits for its invalidation.',
  'walk-fill': 'A walk cache remembers a last-level table.',
  'walk-drop': 'An invalidation reaches a walk cache.',
  fold: 'A block is rewritten with the contiguous bit on all entries.',
  unfold: 'A block is rewritten as plain entries.',
  'folio-alloc': 'A folio is allocated.',
  'folio-free': 'A folio goes back to the allocator.',
  'folio-split': 'A large folio is taken apart into single pages.',
  refcount: 'The reference count of a folio changes.',
  mapcount: 'The mapcount of a page changes.',
  exclusive: 'Anon-exclusive of a page is set or cleared.',
  'page-flags': 'Other flags of a page change.',
  entire: 'The number of whole mappings of a folio changes.',
  pins: 'The pins of a large folio change.',
  'folio-flags': 'The flags of a folio change.',
  'anon-vma': 'A folio is given to an anon_vma.',
  clear: 'A page is cleared.',
  copy: 'A page is copied.',
  content: 'What a page holds changes.',
  'mm-start': 'An address space begins.',
  'mm-end': 'An address space is gone.',
  rss: 'A resident-set counter, or another count of an address space, changes.',
  'vma-add': 'A VMA begins to exist.',
  'vma-remove': 'A VMA is gone.',
  'vma-change': 'A VMA changes its borders, flags or anon_vma.',
  'sysfs-write': 'A transparent-huge-page setting is written.',
  'lock-section': 'A section under the page-table lock begins.',
  'lock-break': 'The page-table lock is dropped in the middle of a table.',
  batch: 'Fork copies a batch of entries.',
  'zap-batch': 'A batch of entries is zapped.',
  'span-begin': 'A span begins: an operation of the script, a fork, an exit, a fault, a zap, a system call.',
  'span-end': 'A span ends.',
  counters: 'Something was counted after the last event of an operation.',
  row: 'The script recorded a value.',
  expectation: 'The script stated an expectation.',
  console: 'The script printed a line.',
  violation: 'A rule is broken.',
  'swap-slot': 'A swap slot gets another count of entries, or another owner in the swap cache.',
  'page-tags': 'The memory tags of a page change.',
  'page-tagged': 'PG_mte_tagged of a page is set or cleared.',
  'tag-save': 'The tags of a page are saved for its swap slot.',
  'tag-restore': 'Saved tags are looked up for a page that comes back, and copied where it has none.',
  'tag-drop': 'The tags saved for a swap slot are freed.'
} as const

export type TraceKind = keyof typeof TRACE_KIND_DOCS

/** All kinds, by number. */
export const TRACE_KINDS = Object.freeze(Object.keys(TRACE_KIND_DOCS)) as readonly TraceKind[]

/** Number of each kind. */
export const KIND = Object.freeze(
  Object.fromEntries(TRACE_KINDS.map((name, index) => [name, index]))
) as Readonly<Record<TraceKind, number>>

/** What spans are of. */
export const SPAN_KINDS = ['operation', 'fork', 'exit', 'fault', 'zap', 'syscall'] as const

export type SpanKind = (typeof SPAN_KINDS)[number]

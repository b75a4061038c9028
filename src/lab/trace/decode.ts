/** Events as a window shows them: what, where, before and after, in one line. */
import { TABLE, rawDescriptor, isSwapType } from '../../engine/arch/descriptor'
import { KIND, SPAN_KINDS, TRACE_KINDS } from '../../engine/trace/kinds'
import { fromLanes } from '../../engine/trace/lanes'
import { HEAD, NEW_A, NEW_B, OLD_A, OLD_B, PID, PLACE } from '../../engine/trace/log'
import { RESTORE_OUTCOMES } from '../../engine/trace/tag-lanes'
import type { TraceEvent, TraceKind } from '../results/trace'
import { entryWords, slotWords, tagWords } from './words'
import type { IndexedTrace } from './indexed'

/** Pages and frames that an event concerns; counts of 0 where it concerns none. */
export interface Extent {
  vpn: number
  pages: number
  pfn: number
  frames: number
}

const SLOTS = new Set<number>([
  KIND.fold,
  KIND.unfold,
  KIND.batch,
  KIND['lock-section'],
  KIND['lock-break'],
  KIND['zap-batch']
])

/** Where an event is. `into` is filled and answered: searches ask for millions. */
export function extentOf(trace: IndexedTrace, event: number, into: Extent): Extent {
  const chunk = trace.log.chunkOf(event)
  const at = trace.log.offsetOf(event)
  const head = chunk[at + HEAD]
  const kind = head & 0xff
  const place = chunk[at + PLACE]
  into.vpn = into.pages = into.pfn = into.frames = 0
  if (kind <= KIND['table-link'] || SLOTS.has(kind)) {
    const found = trace.tables[head >>> 20].pagesOf(place, event)
    if (found === undefined) return into
    into.vpn = found.vpn
    into.pages = found.pages
    const { contPtes } = trace.shapes[head >>> 20].geometry
    if (kind === KIND.fold || kind === KIND.unfold) into.pages = contPtes
    else if (kind === KIND.batch) into.pages = chunk[at + NEW_A] || 1
    if (kind < KIND['table-link']) {
      const lane = chunk[at + NEW_A] !== 0 && !isSwapType(chunk[at + NEW_A]) ? NEW_B : OLD_B
      into.pfn = chunk[at + lane]
      into.frames = chunk[at + lane - 1] === 0 || isSwapType(chunk[at + lane - 1]) ? 0 : found.pages
    } else if (kind === KIND.fold || kind === KIND.unfold) {
      into.pfn = chunk[at + NEW_A]
      into.frames = contPtes
    }
  } else if (kind >= KIND['tlbi-page'] && kind <= KIND['tlbi-mm']) {
    into.vpn = fromLanes(chunk[at + OLD_A], chunk[at + OLD_B])
    into.pages = place
  } else if (kind >= KIND['tlb-fill'] && kind <= KIND['tlb-retire']) {
    into.vpn = fromLanes(chunk[at + OLD_A], chunk[at + OLD_B] & 0xffff)
    into.pages = into.frames = 1 << ((chunk[at + OLD_B] >>> 16) & 31)
    into.pfn = chunk[at + NEW_A]
  } else if (kind === KIND['walk-fill'] || kind === KIND['walk-drop']) {
    into.vpn = fromLanes(chunk[at + OLD_A], chunk[at + OLD_B])
    into.pages = trace.shapes[head >>> 20].geometry.tableEntries
  } else if (kind === KIND['span-begin']) {
    into.vpn = fromLanes(chunk[at + OLD_A], chunk[at + OLD_B])
    into.pages = place >>> 4
  } else if (kind >= KIND['folio-alloc'] && kind <= KIND.content) {
    into.pfn = place
    into.frames =
      kind === KIND['folio-alloc']
        ? 1 << chunk[at + NEW_A]
        : kind <= KIND['folio-split']
          ? 1 << chunk[at + OLD_A]
          : 1
    if (kind === KIND.clear || kind === KIND.copy) into.frames = place === 0 ? 0 : chunk[at + NEW_A]
  } else if (kind >= KIND['swap-slot']) {
    const pfn = frameOfSwap(kind, chunk, at)
    into.pfn = pfn
    into.frames = pfn === 0 ? 0 : 1
  }
  return into
}

/** The frame that an event of swap or tags is about, 0 for none. */
function frameOfSwap(kind: number, chunk: Int32Array, at: number): number {
  if (kind === KIND['page-tags'] || kind === KIND['page-tagged']) return chunk[at + PLACE]
  return kind === KIND['tag-restore'] ? chunk[at + OLD_A] : 0
}

/** The order of the folio that an event names, -1 where it names none. */
export function orderOf(trace: IndexedTrace, event: number): number {
  const { log } = trace
  switch (log.lane(event, HEAD) & 0xff) {
    case KIND['folio-alloc']:
      return log.lane(event, NEW_A)
    case KIND['folio-free']:
    case KIND['folio-split']:
    case KIND.fold:
    case KIND.unfold:
      return log.lane(event, OLD_A)
    default:
      return -1
  }
}

const hex = (value: number): string => `0x${value.toString(16)}`

/** One event, decoded; not `whole`, without its time, operation and link, which take a search. */
export function decode(trace: IndexedTrace, event: number, whole = true): TraceEvent {
  const { log } = trace
  const head = log.lane(event, HEAD)
  const kind = TRACE_KINDS[head & 0xff]
  const machine = head >>> 20
  const { geometry, layout } = trace.shapes[machine]
  const extent = extentOf(trace, event, { vpn: 0, pages: 0, pfn: 0, frames: 0 })
  const descriptor = (head & 0xff) <= KIND['table-link']
  const use = descriptor
    ? trace.tables[machine].at(log.lane(event, PLACE) >>> geometry.tableShift, event)
    : undefined
  const raw = (lane: number): string => {
    const attr = log.lane(event, lane)
    return rawDescriptor(attr, log.lane(event, lane + 1), geometry.pageShift, layout)
  }
  const values = descriptor
    ? { before: raw(OLD_A), after: raw(NEW_A) }
    : COUNTS.has(kind)
      ? { before: String(log.lane(event, OLD_A)), after: String(log.lane(event, NEW_A)) }
      : {}
  const link = whole ? linkOf(trace, event) : 0
  return {
    event,
    kind,
    machine,
    cpu: (head >>> 8) & 0xfff,
    pid: trace.pidOf(event),
    timeNs: whole ? trace.timeOf(event) : 0,
    ...(extent.pages > 0 ? { address: extent.vpn * geometry.pageSize, pages: extent.pages } : {}),
    ...(extent.frames > 0 ? { pfn: extent.pfn } : {}),
    ...(use === undefined ? {} : { level: 3 - use.depth }),
    ...values,
    text: textOf(trace, event, kind, extent),
    operation: whole ? trace.operationOf(event) : -1,
    ...(link === 0 ? {} : { link })
  }
}

const COUNTS = new Set<TraceKind>(['refcount', 'entire', 'pins', 'anon-vma', 'content', 'rss'])

/** How far the other end of an event is looked for. */
const LOOK = 100_000

/** The event at the other end: of a span, of a TLBI its DSB and back; 0 for none. */
export function linkOf(trace: IndexedTrace, event: number): number {
  const { log } = trace
  const head = log.lane(event, HEAD)
  const kind = head & 0xff
  if (kind === KIND['span-begin']) return log.lane(event, NEW_B)
  if (kind === KIND['span-end']) return log.lane(event, OLD_A)
  const isTlbi = kind >= KIND['tlbi-page'] && kind <= KIND['tlbi-mm']
  if (!isTlbi && kind !== KIND['dsb-ish']) return 0
  const step = isTlbi ? 1 : -1
  for (let at = event + step; at >= 1 && at <= log.length && Math.abs(at - event) < LOOK; at += step) {
    const other = log.lane(at, HEAD)
    if (other >>> 8 !== head >>> 8) continue
    const otherKind = other & 0xff
    if (isTlbi && otherKind === KIND['dsb-ish']) return at
    if (!isTlbi && otherKind >= KIND['tlbi-page'] && otherKind <= KIND['tlbi-mm']) return at
    if (!isTlbi && otherKind === KIND['dsb-ish']) return 0
  }
  return 0
}

function textOf(trace: IndexedTrace, event: number, kind: TraceKind, extent: Extent): string {
  const { log } = trace
  const machine = log.machine(event)
  const { pageSize } = trace.shapes[machine].geometry
  const lane = (which: number): number => log.lane(event, which)
  const where = extent.pages > 0 ? hex(extent.vpn * pageSize) : ''
  const pages = extent.pages === 1 ? 'page' : `${extent.pages} pages from`
  const change = `${lane(OLD_A)} to ${lane(NEW_A)}`
  switch (kind) {
    case 'write':
    case 'xchg':
    case 'cas':
    case 'hardware':
      return `${kind} ${where}: ${entryWords(lane(OLD_A))} becomes ${entryWords(lane(NEW_A))}`
    case 'table-link':
      return lane(NEW_A) === TABLE
        ? `table ${lane(NEW_B)} linked at ${where}`
        : `table ${lane(OLD_B)} unlinked from ${where}`
    case 'table-alloc':
    case 'table-free':
    case 'table-move':
      return `${kind} ${lane(PLACE)}`
    case 'tlbi-page':
    case 'tlbi-range':
      return `TLBI ${pages} ${where}${lane(NEW_B) === 1 ? ', last level' : ''}, mm ${lane(PID)}`
    case 'tlbi-mm':
      return `TLBI of the whole ASID, mm ${lane(PID)}`
    case 'tlb-fill':
    case 'tlb-evict':
    case 'tlb-invalidate':
    case 'tlb-retire':
      return `${kind}: ${pages} ${where} to frame ${lane(NEW_A)}, mm ${lane(PID)}`
    case 'fold':
    case 'unfold':
      return `${kind} the block at ${where}, folio of order ${lane(OLD_A)}`
    case 'folio-alloc':
      return `folio ${lane(PLACE)} of order ${lane(NEW_A)} allocated`
    case 'folio-free':
      return `folio ${lane(PLACE)} of order ${lane(OLD_A)} freed`
    case 'folio-split':
      return `folio ${lane(PLACE)} of order ${lane(OLD_A)} taken apart`
    case 'mapcount':
      return `mapcount of frame ${lane(PLACE)}: ${lane(OLD_A) & 0xfffff} to ${lane(NEW_A) & 0xfffff}`
    case 'exclusive':
      return `frame ${lane(PLACE)} ${(lane(NEW_A) & (1 << 20)) === 0 ? 'stops to be' : 'becomes'} anon-exclusive`
    case 'refcount':
    case 'entire':
    case 'pins':
    case 'anon-vma':
    case 'content':
      return `${kind} of frame ${lane(PLACE)}: ${change}`
    case 'copy':
      return `frame ${lane(OLD_A)} copied to ${lane(PLACE)}`
    case 'clear':
      return `${lane(NEW_A)} pages cleared`
    case 'mm-start':
      return lane(OLD_A) === 0
        ? `process ${lane(PID)} begins`
        : `process ${lane(PID)} begins, forked by ${lane(OLD_A)}`
    case 'mm-end':
      return `process ${lane(PID)} is gone`
    case 'batch':
      return `batch of ${lane(NEW_A)} from ${where}`
    case 'span-begin':
    case 'span-end':
      return `${SPAN_KINDS[lane(PLACE) & 15]} ${kind === 'span-begin' ? 'begins' : 'ends'}${where === '' ? '' : ` at ${where}`}, mm ${lane(PID)}`
    case 'swap-slot':
      return `swap slot ${lane(PLACE)}: ${slotWords(lane(OLD_A), lane(OLD_B))} becomes ${slotWords(lane(NEW_A), lane(NEW_B))}`
    case 'page-tags':
      return `tags of frame ${lane(PLACE)}: ${tagWords(trace, lane(OLD_A))} becomes ${tagWords(trace, lane(NEW_A))}`
    case 'page-tagged':
      return `PG_mte_tagged of frame ${lane(PLACE)} is ${lane(NEW_A) === 0 ? 'cleared' : 'set'}`
    case 'tag-save':
      return `tags saved for swap slot ${lane(PLACE)}: ${tagWords(trace, lane(NEW_A) - 1)}${lane(OLD_A) === 0 ? '' : `, in place of ${tagWords(trace, lane(OLD_A) - 1)}`}`
    case 'tag-drop':
      return `tags of swap slot ${lane(PLACE)} dropped: ${tagWords(trace, lane(OLD_A) - 1)}`
    case 'tag-restore':
      return `tags of swap slot ${lane(PLACE)} for frame ${lane(OLD_A)}: ${RESTORE_OUTCOMES[lane(NEW_A)]}`
    case 'sysfs-write':
    case 'violation':
      return log.texts[lane(NEW_A)] ?? kind
    default:
      return where === '' ? kind : `${kind} at ${where}`
  }
}

/** What the MTE swap panel says: each cell's letter, and the same in words. */
import type { TracePageTags, TraceSlotRun, TraceSwap, TraceSwapPage } from '../../../protocol/trace'
import { count, formatBytes, formatNumber } from '../../parts/format'
import { accessOf, describeFlags, isDirty, isYoung, letterOf } from '../../parts/pte'

/** One cell: a letter that says what its fill says. */
export interface CellWords {
  readonly letter: string
  readonly words: string
  /** Classes of the cell: of `pte.css` for entries, else `held`, `lost`, `empty`. */
  readonly look: readonly string[]
}

/** A row of the drawing: one aspect of every page. */
export interface AspectRow {
  readonly id: string
  readonly label: string
  readonly title: string
  readonly cells: readonly CellWords[]
}

const EMPTY = '·'
const nothing = (words: string): CellWords => ({ letter: EMPTY, words, look: ['none'] })
const held = (letter: string, words: string): CellWords => ({ letter, words, look: ['held'] })

/** A hexadecimal digit, or `m` where the granules of the page differ. */
export function tagLetter(tags: TracePageTags): string {
  return typeof tags === 'number' ? tags.toString(16) : 'm'
}

/** `tag 5`, or `mixed: tags 0 (254 granules), 9 (2 granules)`. */
export function tagsText(tags: TracePageTags): string {
  if (typeof tags === 'number') return `tag ${tags.toString(16)}`
  const counts = new Map<string, number>()
  for (const tag of tags) counts.set(tag, (counts.get(tag) ?? 0) + 1)
  const parts = [...counts].sort(([a], [b]) => (a < b ? -1 : 1))
  return `mixed: tags ${parts.map(([tag, n]) => `${tag} (${count(n, 'granule')})`).join(', ')}`
}

function entryWords(flags: number, slot: number): CellWords {
  const access = accessOf(flags)
  const look = [access, ...(isDirty(flags) ? ['dirty'] : []), ...(isYoung(flags) ? ['young'] : [])]
  const words = slot < 0 ? describeFlags(flags) : `swap entry of slot ${formatNumber(slot)}`
  return { letter: letterOf(access), words, look }
}

function liveWords({ pfn, tags }: TraceSwapPage): CellWords {
  if (pfn < 0) return nothing('not in memory')
  if (tags === undefined) return nothing('the machine has no tags')
  return held(tagLetter(tags), `${tagsText(tags)}, in frame ${formatNumber(pfn)}`)
}

function flagWords({ tagged }: TraceSwapPage): CellWords {
  if (tagged === undefined) return nothing('no flag')
  return tagged ? held('T', 'PG_mte_tagged is set') : nothing('PG_mte_tagged is clear')
}

function countWords({ slot, past, count: entries }: TraceSwapPage): CellWords {
  if (slot < 0) return nothing('no swap slot')
  if (past) return nothing(`slot ${formatNumber(slot)} was given back`)
  return held(String(entries), `${count(entries, 'entry names', 'entries name')} slot ${formatNumber(slot)}`)
}

function cacheWords({ held: by, past }: TraceSwapPage): CellWords {
  if (past || by === 'none') return nothing('not in the swap cache')
  return by === 'cache' ? held('C', 'the swap cache owns the slot') : held('c', 'a slot cache holds the slot')
}

function savedWords({ saved, slot }: TraceSwapPage): CellWords {
  return saved === undefined
    ? nothing('no tags are saved')
    : held(tagLetter(saved), `${tagsText(saved)}, for slot ${formatNumber(slot)}`)
}

const RESTORES: Readonly<Record<string, readonly [string, string]>> = {
  copied: ['C', 'saved tags were copied to the page'],
  'there already': ['A', 'looked up; the page had its tags already'],
  'nothing saved': ['N', 'looked up; nothing was saved'],
  remembered: ['R', 'not looked up: it is remembered that the folio has its tags']
}

function restoredWords({ restore, restoredAt }: TraceSwapPage): CellWords {
  if (!Object.hasOwn(RESTORES, restore)) return nothing('not looked up since')
  const [letter, words] = RESTORES[restore]
  return held(letter, `${words} (event ${formatNumber(restoredAt)})`)
}

function droppedWords({ droppedAt }: TraceSwapPage): CellWords {
  if (droppedAt === 0) return nothing('not dropped')
  return {
    letter: 'D',
    words: `saved tags were freed with the slot (event ${formatNumber(droppedAt)})`,
    look: ['lost']
  }
}

const ASPECTS: readonly (readonly [string, string, string, (page: TraceSwapPage) => CellWords])[] = [
  ['tags', 'tags', 'what tag memory holds for the frame: a digit, m where granules differ', liveWords],
  ['flag', 'tagged', 'PG_mte_tagged: the tags of the frame are initialised', flagWords],
  ['count', 'slot count', 'how many entries name the swap slot', countWords],
  ['cache', 'cache bit', 'whether the swap cache owns the slot', cacheWords],
  ['saved', 'saved', 'tags saved for the slot', savedWords],
  ['restored', 'restored', 'what the last look for saved tags came to', restoredWords],
  ['dropped', 'dropped', 'whether the saved tags were freed', droppedWords]
]

/** Rows on tags: without a machine that has any they say nothing. */
const OF_TAGS = new Set(['tags', 'flag', 'saved', 'restored', 'dropped'])

/** All rows: the entries of each process, then what there is of tags and slots. */
export function rowsOf(swap: TraceSwap): AspectRow[] {
  const entries = swap.mappings.map(({ pid, flags, slots }, index): AspectRow => ({
    id: `mm ${pid}`,
    label: `${String.fromCharCode(65 + index)}: mm ${pid}`,
    title: `entries of process ${pid}`,
    cells: flags.map((each, page) => entryWords(each, slots[page] ?? -1))
  }))
  const tagged = swap.design !== undefined
  const rest = ASPECTS.filter(([id]) => tagged || !OF_TAGS.has(id)).map(
    ([id, label, title, words]): AspectRow => ({ id, label, title, cells: swap.pages.map(words) })
  )
  return [...entries, ...rest]
}

/** Cells whose letter or words are not those of the same cell there: `row page`. */
export function unlike(rows: readonly AspectRow[], there: readonly AspectRow[] | undefined): Set<string> {
  const found = new Set<string>()
  if (there === undefined) return found
  const byId = new Map(there.map((row) => [row.id, row]))
  for (const { id, cells } of rows) {
    const others = byId.get(id)?.cells
    cells.forEach((cell, page) => {
      const other = others?.[page]
      const alike = other ? other.letter === cell.letter && other.look.join() === cell.look.join() : false
      if (!alike && (other !== undefined || cell.letter !== EMPTY)) found.add(`${id} ${page}`)
    })
  }
  return found
}

/** `Slots 512 to 527`, or what there is: several runs, one slot, none. */
export function slotsText({ pages }: TraceSwap): string {
  const slots = pages.filter(({ slot, past }) => slot >= 0 && !past).map(({ slot }) => slot)
  if (slots.length === 0) return 'None of these pages has a swap slot.'
  const runs: [number, number][] = []
  for (const slot of slots) {
    const last = runs.at(-1)
    if (last && last[1] + 1 === slot) last[1] = slot
    else runs.push([slot, slot])
  }
  const parts = runs
    .slice(0, 4)
    .map(([from, to]) => (from === to ? formatNumber(from) : `${formatNumber(from)} to ${formatNumber(to)}`))
  const more = runs.length > 4 ? ` and ${count(runs.length - 4, 'more run')}` : ''
  return `${count(slots.length, 'page')} of ${formatNumber(pages.length)} in slots ${parts.join(', ')}${more}.`
}

/** `16 of 4,095 slots in use, 16 of them in the swap cache; tags of 16 saved: 2 KiB.` */
export function areaText({ area }: TraceSwap): string {
  if (area.slots === 0) return 'This machine has no swap area.'
  const { slots, used, cached, parked, buffers, bytes } = area
  const waits = parked > 0 ? `, ${formatNumber(parked)} held by a slot cache` : ''
  const tags = buffers > 0 ? `tags of ${formatNumber(buffers)} saved: ${formatBytes(bytes)}` : 'no tags saved'
  return `${formatNumber(used)} of ${count(slots, 'slot')} in use, ${formatNumber(cached)} of them in the swap cache${waits}; ${tags}.`
}

/** Who has a run of slots, in words. */
export function holderText({ held: by, folio }: TraceSlotRun): string {
  if (by === 'cache') return `C · folio ${formatNumber(folio)}`
  return by === 'parked' ? 'c · slot cache' : '–'
}

/** Everything about one page, one sentence each. */
export function pageText(swap: TraceSwap, rows: readonly AspectRow[], page: number): string[] {
  const { pfn, order, index } = swap.pages[page]
  const folio =
    pfn < 0
      ? 'not in memory'
      : `frame ${formatNumber(pfn)}, page ${formatNumber(index)} of a folio of order ${order}`
  return [folio, ...rows.map(({ label, cells }) => `${label}: ${cells[page].words}`)]
}

/** Counters of swap and tags, in the order in which they are shown. */
export const COUNTERS = [
  'fault',
  'tagSave',
  'tagScan',
  'tagLookup',
  'tagSkip',
  'tagCheck',
  'tagCopy',
  'tagDrop'
] as const

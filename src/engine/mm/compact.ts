/**
 * Compaction: makes one free block by moving what lies in it to the far end of memory. Blocks are tried
 * from low addresses up, free pages are taken from the top, as by the two scanners of the kernel; a block
 * with anything that cannot move is passed over before a page of it is moved.
 * Source: linux-6.12 mm/compaction.c (`isolate_migratepages_block`, `isolate_freepages`), mm/migrate.c.
 */
import { VM } from '../trace/vmstat'
import type { World } from '../world'
import { ANON, FOLIO_CONT, FOLIO_FILE, FOLIO_LOCKED, FOLIO_LRU, FOLIO_SWAPCACHE, IN_USE } from './folio'
import { moveFolio } from './migrate-folio'
import { addressesOf, type Address } from './rmap-walk'

/** What fills a block: folios to move, pages of others, free pages. */
interface Contents {
  readonly folios: readonly number[]
  readonly others: readonly number[]
  readonly free: number[]
}

/** Tries to make a free block of `order`; true where there is one afterwards. */
export function compact(world: World, order: number): boolean {
  const { folios, compaction } = world
  const { buddy } = folios
  if (buddy.largestFree >= order) return true
  world.lru.drainAll()
  const nr = 2 ** order
  const blocks = Math.floor(buddy.pages / nr)
  for (let i = 0; i < blocks; i++) {
    const block = (Math.floor(compaction.cursor / nr) + i) % blocks
    const contents = examine(world, block * nr, order)
    if (contents === undefined || !evacuate(world, contents)) continue
    compaction.cursor = ((block + 1) % blocks) * nr
    return buddy.largestFree >= order
  }
  return false
}

/**
 * Whether `compact` would find a block that it can empty. Changes nothing: references of LRU batches, which
 * it would drain first, are taken off. What is short of room for a large folio is not foreseen.
 */
export function canCompact(world: World, order: number): boolean {
  const { buddy } = world.folios
  if (buddy.largestFree >= order) return true
  const waiting = world.lru.waiting()
  for (let base = 0; base + 2 ** order <= buddy.pages; base += 2 ** order) {
    if (examine(world, base, order, waiting) !== undefined) return true
  }
  return false
}

const NONE_WAITING: ReadonlyMap<number, number> = new Map()

/** What is in a block, or undefined where something of it cannot be moved or there is no room for it. */
function examine(world: World, base: number, order: number, waiting = NONE_WAITING): Contents | undefined {
  const { folios, compaction } = world
  const { buddy } = folios
  const found = { folios: [] as number[], others: [] as number[], free: [] as number[] }
  for (let pfn = base; pfn < base + 2 ** order;) {
    if ((folios.word(pfn) & IN_USE) !== 0) {
      if (!isMovable(world, pfn, order, waiting)) return undefined
      found.folios.push(pfn)
      pfn += 1 << folios.order(pfn)
      continue
    }
    if (compaction.movable.has(pfn)) found.others.push(pfn)
    else if (buddy.isFree(pfn)) found.free.push(pfn)
    else return undefined
    pfn++
  }
  const used = 2 ** order - found.free.length
  return used <= buddy.freePages - found.free.length ? found : undefined
}

/** `isolate_migratepages_block`: an anonymous folio on an LRU list that nobody holds but its mappings. */
function isMovable(
  { folios, kernel }: World,
  pfn: number,
  order: number,
  waiting: ReadonlyMap<number, number>
): boolean {
  const own = folios.order(pfn)
  if (own >= order || folios.head(pfn) !== pfn || (own > 0 && kernel.compaction === 'pages')) return false
  const flags = folios.flags(pfn)
  const fixed = FOLIO_FILE | FOLIO_SWAPCACHE | FOLIO_LOCKED | FOLIO_CONT
  const held = waiting.get(pfn) ?? 0
  const listed = (flags & FOLIO_LRU) !== 0 || held > 0
  if ((folios.word(pfn) & ANON) === 0 || !listed || (flags & fixed) !== 0) return false
  const mapped = folios.totalMapcount(pfn)
  return mapped > 0 && folios.entireMapcount(pfn) === 0 && folios.refcount(pfn) - held === mapped
}

/** Takes the free pages out, moves the rest, and gives all back as one block. False where no room was left. */
function evacuate(world: World, { folios: heads, others, free }: Contents): boolean {
  const { folios, compaction, vm } = world
  const { buddy } = folios
  for (const pfn of free) buddy.take(pfn)
  const giveBack = (done: boolean) => {
    for (const pfn of free) buddy.release(pfn, 0)
    return done
  }
  const near: ReadonlyMap<number, Address> =
    heads.length === 0 ? new Map() : addressesOf(world, new Set(heads))
  for (const head of heads) {
    const order = folios.order(head)
    const address = near.get(head)
    const to = address === undefined ? -1 : buddy.allocHighest(order)
    if (address === undefined || to < 0) return giveBack(false)
    // What is freed here stays isolated until the block is whole: a later target must not land in it.
    moveFolio(world, head, folios.alloc(order, to), address)
    for (let i = 0; i < 1 << order; i++) {
      buddy.take(head + i)
      free.push(head + i)
    }
    vm[VM.pgmigrate_success] += 1 << order
  }
  for (const pfn of others) {
    const to = buddy.allocHighest(0)
    if (to < 0) return giveBack(false)
    compaction.movable.delete(pfn)
    compaction.movable.add(to)
    free.push(pfn)
    vm[VM.pgmigrate_success]++
  }
  return giveBack(true)
}

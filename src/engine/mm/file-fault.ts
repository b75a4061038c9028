/**
 * Faults in mappings of files and of shared anonymous memory.
 * Source: linux-6.12 and linux-6.1 mm/memory.c (`do_fault`, `do_fault_around`, `finish_fault`,
 * `set_pte_range`), mm/filemap.c (`filemap_map_pages`); recorded counts (cases B.shared, C.special.shared).
 */
import { AF, mkdirty, mkwrite } from '../arch/descriptor'
import { EngineError } from '../error'
import { COUNTER_INDEX } from '../trace/counters'
import { FN } from '../trace/functions'
import type { World } from '../world'
import { copyUserPage } from './cow'
import { addNewAnonRmap, allocAnonFolio, isModern, newAnonEntry, outOfMemory } from './fault-anon'
import type { FileMapping } from './file'
import { filePage } from './file'
import { FOLIO_DIRTY } from './folio'
import { VM_LOCKED, VM_SHARED, VM_WRITE, type Mm, type Vma } from './mm'
import { pageProtection } from './protection'
import { mlockMapped } from './rmap'
import { prepareAnonVma } from './vma'
import { findSlot, makeSlot } from './walk'

const FOLIO_REF = COUNTER_INDEX.folioRef
const MAPCOUNT = COUNTER_INDEX.mapcount
const RSS = COUNTER_INDEX.rss

/** Bytes around a load that are mapped with it where they are cached. */
const FAULT_AROUND_BYTES = 65536

/** `do_fault`: nothing is mapped at `vpn` yet. Throws `EIO` (SIGBUS) beyond the end of the file. */
export function fileFault(world: World, mm: Mm, vma: Vma, vpn: number, write: boolean): void {
  const file = vma.file as FileMapping
  if (isModern(world)) world.calls[FN.do_fault]++
  const index = vma.pgoff + (vpn - vma.start)
  const shared = (vma.flags & VM_SHARED) !== 0
  if (!write && faultAround(world, mm, vma, file, vpn, index)) return
  if (index >= file.pages) {
    const address = (vpn * world.geometry.pageSize).toString(16)
    throw new EngineError('EIO', `Bus error: 0x${address} lies beyond the end of ${file.name}.`)
  }
  if (write && !shared) {
    copyFault(world, mm, vma, file, vpn, index)
    return
  }
  const pfn = filePage(world, mm, file, index)
  const slot = finishFault(world, mm, vpn)
  mapFilePages(world, mm, vma, slot, pfn, 1, true, write)
  if (write) world.folios.setFlags(pfn, FOLIO_DIRTY)
}

/** `do_cow_fault`: the first access to a private page is a store, so that only its copy is mapped. */
function copyFault(world: World, mm: Mm, vma: Vma, file: FileMapping, vpn: number, index: number): void {
  prepareAnonVma(world, mm, vma)
  const pfn = allocAnonFolio(world, 0)
  if (pfn < 0) throw outOfMemory(world)
  try {
    copyUserPage(world, mm, filePage(world, mm, file, index), pfn)
  } catch (error) {
    world.folios.put(pfn)
    throw error
  }
  const slot = finishFault(world, mm, vpn)
  world.calls[isModern(world) ? FN.set_pte_range : FN.do_set_pte]++
  mm.anonPages++
  mm.count(RSS, 1)
  addNewAnonRmap(world, pfn, 0)
  world.lru.addVma(pfn, (vma.flags & VM_LOCKED) !== 0)
  world.ops.setPtes(mm, slot, pfn, newAnonEntry(vma), 1)
}

/** `finish_fault` up to the entry: makes its table, reads it under the lock. */
function finishFault(world: World, mm: Mm, vpn: number): number {
  world.calls[FN.finish_fault]++
  const slot = tableFor(world, mm, vpn)
  world.ops.ptepGet(mm, slot)
  return slot
}

/** The slot of `vpn`; a missing table was allocated before the page was looked for. */
function tableFor(world: World, mm: Mm, vpn: number): number {
  const slot = findSlot(world, mm, vpn)
  return slot === 0 ? makeSlot(world, mm, vpn, true) : slot
}

/**
 * `set_pte_range` of `nr` pages of one folio. Pages mapped beside the one that faulted start old
 * where hardware can set the access flag.
 */
function mapFilePages(
  world: World,
  mm: Mm,
  vma: Vma,
  slot: number,
  pfn: number,
  nr: number,
  asked: boolean,
  write: boolean
): void {
  const { folios, calls, cpu } = world
  let attr = pageProtection(vma.flags)
  if (!asked && cpu.hafdbs) attr &= ~AF
  if (write) attr = (vma.flags & VM_WRITE) === 0 ? mkdirty(attr) : mkwrite(mkdirty(attr))
  calls[isModern(world) ? FN.set_pte_range : FN.do_set_pte]++
  folios.addRefs(pfn, nr)
  mm.count(FOLIO_REF, 1)
  for (let i = 0; i < nr; i++) folios.addWord(pfn + i, 1)
  mm.count(MAPCOUNT, nr)
  calls[isModern(world) ? FN.folio_add_file_rmap_ptes : FN.page_add_file_rmap]++
  mlockMapped(world, vma.flags, pfn)
  mm.filePages += nr
  mm.count(RSS, 1)
  world.ops.setPtes(mm, slot, pfn, attr, nr)
  world.probe?.('file pages mapped')
}

/**
 * `do_fault_around` and `filemap_map_pages`: a load maps what is cached of the 64 KiB around it.
 * True when the page asked for was among it.
 */
function faultAround(world: World, mm: Mm, vma: Vma, file: FileMapping, vpn: number, index: number): boolean {
  const { geometry } = world
  const around = Math.max(1, FAULT_AROUND_BYTES / geometry.pageSize)
  if (around === 1) return false
  const table = vpn - (vpn % geometry.tableEntries)
  const start = Math.max(vpn - (vpn % around), table, vma.start)
  const end = Math.min(start + around, table + geometry.tableEntries, vma.end, vpn + file.pages - index)
  let found = false
  for (let page = start; page < end;) {
    const pfn = file.find(index + page - vpn)
    if (pfn < 0) {
      page++
      continue
    }
    const nr = runOfFolio(world, file, index + page - vpn, pfn, end - page)
    if (mapRun(world, mm, vma, page, pfn, nr, vpn)) found = true
    page += nr
  }
  return found
}

/** How many pages of the folio of `pfn` follow in the file, at most `limit`. */
function runOfFolio(world: World, file: FileMapping, index: number, pfn: number, limit: number): number {
  const { folios } = world
  const left = folios.head(pfn) + 2 ** folios.order(pfn) - pfn
  let nr = 1
  while (nr < left && nr < limit && file.find(index + nr) === pfn + nr) nr++
  return nr
}

/** `filemap_map_folio_range`: maps the empty entries of a run, each gap starting anew. */
function mapRun(
  world: World,
  mm: Mm,
  vma: Vma,
  vpn: number,
  pfn: number,
  nr: number,
  asked: number
): boolean {
  const { ops } = world
  const slot = tableFor(world, mm, vpn)
  let found = false
  for (let from = 0; from < nr;) {
    let count = 0
    while (from + count < nr && ops.ptepGet(mm, slot + from + count) === 0) count++
    if (count > 0) {
      const hit = asked >= vpn + from && asked < vpn + from + count
      if (world.kernel.functionNames === 'linux-6.1') {
        // Before runs could be set at once, page by page.
        for (let i = from; i < from + count; i++) {
          mapFilePages(world, mm, vma, slot + i, pfn + i, 1, asked === vpn + i, false)
        }
      } else mapFilePages(world, mm, vma, slot + from, pfn + from, count, hit, false)
      if (hit) found = true
    }
    from += count + 1
  }
  return found
}

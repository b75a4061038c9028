/**
 * What files and shared anonymous memory keep their pages in: a page cache, by page index. Shared
 * anonymous memory is a tmpfs file that only its mappings name.
 * Source: linux-6.12 and linux-6.1 mm/shmem.c (`shmem_get_folio_gfp`), mm/filemap.c; recorded: shared
 * anonymous memory does not follow the anonymous sizes (case B.shared).
 */
import type { World } from '../world'
import { ANON, FOLIO_DIRTY, FOLIO_FILE } from './folio'
import type { MappedFile, Mm } from './mm'
import { clearPages, isModern, outOfMemory } from './fault-anon'
import { FN } from '../trace/functions'

/** A file with the pages that are in memory. */
export class FileMapping implements MappedFile {
  /** First frame plus one of the page at each index, 0 where nothing is cached. */
  readonly frames: Int32Array

  constructor(
    readonly name: string,
    /** Length in pages; beyond it is SIGBUS. */
    readonly pages: number,
    /** tmpfs: pages begin as zeroes and are always dirty. Else they are read from a disk. */
    readonly shmem: boolean,
    /** Order of the folios that reading ahead makes, where they fit the file. */
    readonly order: number
  ) {
    this.frames = new Int32Array(pages)
  }

  /** The frame of page `index`, -1 where it is not cached. */
  find(index: number): number {
    return this.frames[index] - 1
  }
}

/** Shared anonymous memory of `pages` pages: `shmem_zero_setup`. */
export function sharedMemory(pages: number): FileMapping {
  return new FileMapping('/dev/zero (deleted)', pages, true, 0)
}

/** The page at `index`, brought into the cache if it is not there. Throws `ENOMEM`. */
export function filePage(world: World, mm: Mm, file: FileMapping, index: number): number {
  const cached = file.find(index)
  if (cached >= 0) return cached
  for (let order = file.order; order >= 0; order--) {
    if (!fitsHole(file, index, order)) continue
    const pfn = world.folios.alloc(order)
    if (pfn < 0) continue
    const first = index - (index % 2 ** order)
    addToCache(world, mm, file, first, pfn, 2 ** order)
    return pfn + (index - first)
  }
  throw outOfMemory(world)
}

/** Order of the folio that holds the page at `index`, or that `filePage` would bring it in with. Changes nothing. */
export function filePageOrder({ folios }: Pick<World, 'folios'>, file: FileMapping, index: number): number {
  const cached = file.find(index)
  if (cached >= 0) return folios.order(folios.head(cached))
  for (let order = file.order; order > 0; order--) {
    if (folios.buddy.largestFree >= order && fitsHole(file, index, order)) return order
  }
  return 0
}

/** Whether the aligned block of so many pages lies in the file, and nothing of it is cached. */
function fitsHole(file: FileMapping, index: number, order: number): boolean {
  const nr = 2 ** order
  const first = index - (index % nr)
  return first + nr <= file.pages && isHole(file, first, nr)
}

function isHole(file: FileMapping, first: number, nr: number): boolean {
  for (let i = first; i < first + nr; i++) if (file.frames[i] !== 0) return false
  return true
}

/** A new folio enters the cache: the reference it was born with is the cache's, one more a page. */
function addToCache(world: World, mm: Mm, file: FileMapping, first: number, pfn: number, nr: number): void {
  const { folios, calls, lru } = world
  if (isModern(world)) calls[FN.folio_alloc_mpol_noprof]++
  else {
    calls[FN.vma_alloc_folio]++
    calls[FN.__folio_alloc]++
  }
  for (let i = 0; i < nr; i++) {
    folios.addWord(pfn + i, -ANON)
    file.frames[first + i] = pfn + i + 1
  }
  folios.addRefs(pfn, nr - 1)
  folios.setFlags(pfn, file.shmem ? FOLIO_FILE | FOLIO_DIRTY : FOLIO_FILE)
  if (file.shmem) clearPages(world, mm, nr)
  lru.add(pfn)
}

/** Drops every page of a file from the cache, as when its last name and mapping are gone. */
export function truncateFile(world: World, file: FileMapping): void {
  const { frames } = file
  for (let i = 0; i < frames.length; i++) {
    if (frames[i] === 0) continue
    // Whoever still holds the folio, an LRU batch or a pin, holds one that belongs to no file.
    world.folios.setFlags(frames[i] - 1, 0, FOLIO_FILE)
    world.folios.put(frames[i] - 1)
    frames[i] = 0
  }
}

/** Whether any VMA of any process maps the file. */
export function isFileMapped(world: World, file: MappedFile): boolean {
  return world.mms.some((mm) => mm.vmas.some((vma) => vma.file === file))
}

/**
 * The checker that stays on: told of every operation, it looks at what that operation could have
 * broken, in time that grows with the address space that acted and not with the world. `checkWorld`
 * is the full look, for every so often.
 *
 * While operations run it listens to `World.probe` (refcount below mapcount, misprogrammed blocks: at
 * every step another CPU could see) and to folios being freed. It also keeps which pages were stored
 * to since they were allocated or cleaned, to find a dirty state that was lost.
 */
import { SPECIAL, WRITE, isPresent, isValidCont } from '../arch/descriptor'
import { isBlockEntry } from '../contpte/exposed'
import {
  ANON,
  EXCLUSIVE,
  FOLIO_CHUNK_MASK,
  FOLIO_CHUNK_SHIFT,
  FOLIO_DIRTY,
  FOLIO_FILE,
  FOLIO_SWAPCACHE,
  IN_USE,
  MAPCOUNT_MASK,
  type FolioObserver
} from '../mm/folio'
import { isCowMapping, type Mm, type Vma } from '../mm/mm'
import { contiguousLeaves } from '../arch/granule'
import { isHugetlb } from '../hugetlb/vma'
import { findLeaf, findPmd, findSlot } from '../mm/walk'
import { isPmdLeaf, isSwapType, MIGRATION, SWAP } from '../arch/descriptor'
import type { World } from '../world'
import { forEachPage, takeCensus } from './census'
import { inconsistent, misprogrammed } from './contiguity'
import { checkHugeVma } from './huge-entries'
import { CHECKS } from './index'
import { heldMappings, mayBeWritable, pageMappings } from './rmap'
import { dirtyWith, staleTranslation } from './translations'
import { forEachEntry, pageName, type Violation } from './violation'

/** Blocks looked at in every step: those at both ends of the range an operation works on. */
const FOCUS = 4

/** A violation, and the step inside the operation where it was seen ('' between operations). */
export interface WatchedViolation extends Violation {
  readonly during: string
}

/** See above. One a world; it takes the places of `World.probe` and `Folios.observer`. */
export class Watch implements FolioObserver {
  /** The first violation. Nothing is looked for any more after it. */
  violation: WatchedViolation | undefined
  /** 1 for each page stored to since it was allocated or cleaned, by chunk of frames. */
  readonly stored: (Uint8Array | undefined)[] = []
  /** Called at each probe, after the checks: where another CPU may run. */
  elsewhere: ((what: string) => void) | undefined
  /** First slots of the blocks in focus, 0 for none. */
  readonly #focus = new Int32Array(FOCUS)

  constructor(readonly world: World) {
    world.folios.observer = this
    world.probe = (what, pfn) => this.#probed(what, pfn)
  }

  /** An operation on `pages` pages from `vpn` of `mm` is about to begin. */
  begin(mm: Mm, vpn: number, pages: number): void {
    const { world } = this
    const mask = -world.geometry.contPtes
    this.#focus.fill(0)
    const first = findSlot(world, mm, vpn)
    const last = findSlot(world, mm, vpn + pages - 1)
    if (first !== 0) this.#focus[0] = first & mask
    if (last !== 0) this.#focus[1] = last & mask
  }

  /** An operation of `mm` is over: what is wrong now. Pass no mm after an exit. */
  end(mm: Mm | undefined): WatchedViolation | undefined {
    this.#focus.fill(0)
    if (this.violation !== undefined) return this.violation
    const { tlbs } = this.world
    if (tlbs !== undefined && tlbs.violations.length > 0) this.#found(tlbs.violations[0], '')
    else if (mm !== undefined) this.#found(this.#checkMm(mm), '')
    return this.violation
  }

  /** The full check, with the dirty state of every page. */
  full(): WatchedViolation | undefined {
    if (this.violation !== undefined) return this.violation
    const census = takeCensus(this.world)
    for (const check of CHECKS) {
      this.#found(check(this.world, census), '')
      if (this.violation !== undefined) return this.violation
    }
    this.#found(this.#lostDirty(), '')
    return this.violation
  }

  /** A store went to the page. */
  store(pfn: number): void {
    const lane = (this.stored[pfn >>> FOLIO_CHUNK_SHIFT] ??= new Uint8Array(1 << FOLIO_CHUNK_SHIFT))
    lane[pfn & FOLIO_CHUNK_MASK] = 1
  }

  /** The process gave up what `pages` pages from `vpn` hold (MADV_FREE): they count as clean. */
  cleaned(mm: Mm, vpn: number, pages: number): void {
    const { world } = this
    const entries = world.geometry.tableEntries
    for (let at = vpn; at < vpn + pages; at++) {
      const slot = findSlot(world, mm, at)
      const pmd = slot === 0 ? findPmd(world, mm, at) : 0
      if (slot !== 0) this.#forget(world.tables.pfn(slot), 1)
      else if (pmd !== 0) this.#forget(world.tables.pfn(pmd) + (at & (entries - 1)), 1)
    }
  }

  freed(pfn: number, order: number): void {
    this.world.tlbs?.freed(pfn, order)
    this.#forget(pfn, 1 << order)
  }

  #forget(pfn: number, nr: number): void {
    for (let first = pfn; first < pfn + nr; first += FOLIO_CHUNK_MASK + 1) {
      const at = first & FOLIO_CHUNK_MASK
      this.stored[first >>> FOLIO_CHUNK_SHIFT]?.fill(0, at, at + pfn + nr - first)
    }
  }

  isStored(pfn: number): boolean {
    return this.stored[pfn >>> FOLIO_CHUNK_SHIFT]?.[pfn & FOLIO_CHUNK_MASK] === 1
  }

  #found(violation: Violation | undefined, during: string): void {
    if (violation !== undefined) this.violation ??= { ...violation, during }
  }

  #probed(what: string, pfn: number | undefined): void {
    if (this.violation === undefined) this.#look(what, pfn)
    this.elsewhere?.(what)
  }

  /** What another CPU would find wrong at this step. */
  #look(what: string, pfn: number | undefined): void {
    const { world } = this
    if (pfn !== undefined && world.folios.word(pfn) !== 0) {
      const head = world.folios.head(pfn)
      const refcount = world.folios.refcount(head)
      const mappings = heldMappings(world, head)
      if (refcount < mappings) {
        const found = `refcount ${refcount}, ${mappings} mappings`
        this.#found({ rule: 'refcount-below-mapcount', object: `folio ${head}`, found }, what)
      }
    }
    for (const block of this.#focus) {
      if (block === 0 || !misprogrammed(world, block)) continue
      const object = `the block of page ${world.tables.vpn(block)}`
      this.#found({ rule: 'block-misprogrammed', object, found: 'valid entries that disagree' }, what)
    }
  }

  /** Every rule that one address space can be judged by alone. */
  #checkMm(mm: Mm): Violation | undefined {
    const { world } = this
    const { tableEntries } = world.geometry
    const resident = { anon: 0, swap: 0 }
    for (let i = 0; i < mm.vmas.length; i++) {
      const vma = mm.vmas[i]
      if (vma.start >= vma.end || (i > 0 && mm.vmas[i - 1].end > vma.start)) {
        return {
          rule: 'vma-order',
          object: `mm ${mm.pid}, VMA ${i}`,
          found: `pages ${vma.start} to ${vma.end}`
        }
      }
      if (isHugetlb(vma)) {
        const wrong = checkHugeVma(world, mm, vma)
        if (wrong !== undefined) return wrong
        continue
      }
      for (let vpn = vma.start; vpn < vma.end;) {
        const next = Math.min(vpn - (vpn % tableEntries) + tableEntries, vma.end)
        const slot = findSlot(world, mm, vpn)
        const violation =
          slot === 0
            ? this.#checkLeaf(mm, vma, vpn, next, resident)
            : this.#checkRun(mm, vma, slot, vpn, next - vpn, resident)
        if (violation !== undefined) return violation
        vpn = next
      }
    }
    if (resident.anon !== mm.anonPages || resident.swap !== mm.swapEntries) {
      const found = `${mm.anonPages} anonymous pages and ${mm.swapEntries} swap entries accounted, ${resident.anon} and ${resident.swap} found`
      return { rule: 'resident-set', object: `mm ${mm.pid}`, found }
    }
    return world.tlbs === undefined ? undefined : staleTranslation(world, world.tlbs, mm)
  }

  #checkRun(
    mm: Mm,
    vma: Vma,
    slot: number,
    vpn: number,
    nr: number,
    resident: { anon: number; swap: number }
  ): Violation | undefined {
    const { world } = this
    const { tables, folios, geometry } = world
    const attrs = tables.attrs[slot >>> tables.chunkShift]
    const pfns = tables.pfns[slot >>> tables.chunkShift]
    const first = slot & tables.chunkMask
    const mask = geometry.contPtes - 1
    const cow = isCowMapping(vma)
    const blocks = world.kernel.pteOps === 'exposed'
    for (let i = 0; i < nr; i++) {
      const attr = attrs[first + i]
      if (attr === 0) continue
      if (isValidCont(attr) && (i === 0 || ((slot + i) & mask) === 0)) {
        const wrong = inconsistent(world, (slot + i) & ~mask)
        if (wrong >= 0)
          return this.#of(mm, vpn + i, 'block-consistent', `entry ${wrong} of the block does not belong`)
      }
      if (!isPresent(attr)) {
        if (isSwapType(attr) && (attr & SWAP) !== 0) resident.swap++
        else if (isSwapType(attr) && (attr & MIGRATION) !== 0) resident.anon++
        continue
      }
      if ((attr & SPECIAL) !== 0) {
        if (cow && (attr & WRITE) !== 0)
          return this.#of(mm, vpn + i, 'writable-not-exclusive', 'a writable page of zeroes')
        continue
      }
      const pfn = pfns[first + i]
      const word = folios.word(pfn)
      const whole = blocks && isBlockEntry(attr)
      // A block of the huge zero page: no folio.
      if (whole && word === 0 && (attr & WRITE) === 0) continue
      if ((word & IN_USE) === 0) return this.#of(mm, vpn + i, 'mapped-free-page', `page frame ${pfn} is free`)
      if ((word & ANON) !== 0) resident.anon++
      if (!whole && (word & MAPCOUNT_MASK) === 0)
        return this.#of(mm, vpn + i, 'mapcount', `page frame ${pfn} is mapped with mapcount 0`)
      if (cow && (attr & WRITE) !== 0 && !mayBeWritable(world, pfn))
        return this.#of(mm, vpn + i, 'writable-not-exclusive', `page frame ${pfn} is not exclusive`)
      if ((word & EXCLUSIVE) !== 0 && pageMappings(world, pfn) > 1)
        return this.#of(
          mm,
          vpn + i,
          'exclusive-shared',
          `page frame ${pfn} has ${pageMappings(world, pfn)} mappings`
        )
      if (this.isStored(pfn) && !this.#keepsDirty(pfn) && pageMappings(world, pfn) === 1) {
        if (!dirtyWith(world, slot + i, attr))
          return this.#of(mm, vpn + i, 'dirty-lost', `page frame ${pfn} was stored to, but is clean`)
      }
    }
    return undefined
  }

  #checkLeaf(
    mm: Mm,
    vma: Vma,
    vpn: number,
    next: number,
    resident: { anon: number; swap: number }
  ): Violation | undefined {
    const { world } = this
    const { tables, folios, geometry } = world
    const slot = findPmd(world, mm, vpn)
    const attr = slot === 0 ? 0 : tables.attr(slot)
    if (!isPmdLeaf(attr)) return undefined
    const pfn = tables.pfn(slot)
    if (folios.word(pfn) === 0) return undefined
    if (next - vpn !== geometry.tableEntries)
      return this.#of(mm, vpn, 'entry-outside-vma', 'a PMD leaf across the border of a VMA')
    if ((folios.word(pfn) & ANON) !== 0) resident.anon += geometry.tableEntries
    if (folios.entireMapcount(pfn) === 0)
      return this.#of(mm, vpn, 'mapcount', `folio ${pfn} is mapped whole with entire mapcount 0`)
    if ((attr & WRITE) !== 0 && isCowMapping(vma) && !folios.isExclusive(pfn))
      return this.#of(mm, vpn, 'writable-not-exclusive', `folio ${pfn} is not exclusive`)
    if (folios.isExclusive(pfn) && pageMappings(world, pfn) > 1)
      return this.#of(mm, vpn, 'exclusive-shared', `folio ${pfn} has ${pageMappings(world, pfn)} mappings`)
    if (dirtyWith(world, slot, attr) || this.#keepsDirty(pfn) || pageMappings(world, pfn) > 1)
      return undefined
    for (let i = 0; i < geometry.tableEntries; i++) {
      if (this.isStored(pfn + i) && folios.mapcount(pfn + i) === 0)
        return this.#of(
          mm,
          vpn + i,
          'dirty-lost',
          `page frame ${pfn + i} was stored to, but its leaf is clean`
        )
    }
    return undefined
  }

  #of(mm: Mm, vpn: number, rule: string, found: string): Violation {
    return { rule, object: pageName(this.world, mm, vpn), found }
  }

  /** The folio itself remembers to be dirty, or the swap cache answers for it. */
  #keepsDirty(pfn: number): boolean {
    return (this.world.folios.flags(pfn) & (FOLIO_DIRTY | FOLIO_SWAPCACHE)) !== 0
  }

  /** A page stored to that no mapping and no folio calls dirty. */
  #lostDirty(): Violation | undefined {
    const { world } = this
    const dirty = new Set<number>()
    const mapped = new Map<number, string>()
    for (const mm of world.mms) {
      forEachEntry(world, mm, (vpn, attr, pfn, pages) => {
        if (!isPresent(attr) || (attr & SPECIAL) !== 0) return
        const slot = pages === 1 ? findSlot(world, mm, vpn) : findLeaf(world, mm, vpn)
        const run = pages === 1 ? world.geometry.contPtes : contiguousLeaves(world.geometry)
        const clean = !dirtyWith(world, slot, attr, run) && !this.#keepsDirty(pfn)
        for (let i = 0; i < pages; i++) {
          if (!this.isStored(pfn + i)) continue
          if (clean) mapped.set(pfn + i, pageName(world, mm, vpn + i))
          else dirty.add(pfn + i)
        }
      })
    }
    let lost: Violation | undefined
    forEachPage(world, (pfn) => {
      if (lost !== undefined || !this.isStored(pfn) || dirty.has(pfn)) return
      const object = mapped.get(pfn)
      if (object !== undefined) {
        const found = `page frame ${pfn} was stored to, but is clean everywhere`
        lost = { rule: 'dirty-lost', object, found }
        return
      }
      // Nothing maps it: a page of a file must have told its folio.
      if ((world.folios.flags(pfn) & FOLIO_FILE) === 0 || this.#keepsDirty(pfn)) return
      const found = `page frame ${pfn} was stored to and is mapped no more, but its folio is clean`
      lost = { rule: 'dirty-lost', object: 'a file', found }
    })
    return lost
  }
}

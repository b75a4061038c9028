/**
 * The memory tagging extension as the kernel keeps it: which pages have initialised tags, and where
 * the tags of swapped pages are. Source: Linux 6.1 arch/arm64/kernel/mte.c, arch/arm64/mm/mteswap.c,
 * arch/arm64/mm/copypage.c, and the same in 6.12; reference `mte-swap.md` sections 1 and 2.
 */
import { SPECIAL, SWAP, TAGGED, USER, VALID, isSwapType } from '../arch/descriptor'
import { COUNTER_INDEX } from '../trace/counters'
import { FN } from '../trace/functions'
import { FOLIO_SWAPCACHE } from '../mm/folio'
import type { World } from '../world'
import { MTE_DESIGNS, type MteDesign } from './designs'
import { GRANULE_BYTES, SavedTags, TagMemory } from './tags'
import { RESTORE_OUTCOMES, type RestoreOutcome } from '../trace/tag-lanes'

const SAVE = COUNTER_INDEX.tagSave
const SCAN = COUNTER_INDEX.tagScan
const LOOKUP = COUNTER_INDEX.tagLookup
const COPY = COUNTER_INDEX.tagCopy
const SKIP = COUNTER_INDEX.tagSkip
const CHECK = COUNTER_INDEX.tagCheck
const DROP = COUNTER_INDEX.tagDrop

/** What an entry must be for EL0 to see tags through it. */
const USER_VISIBLE = VALID | USER

/** Tags of one machine whose CPUs have FEAT_MTE2. */
export class Mte {
  readonly memory: TagMemory
  readonly saved = new SavedTags()
  readonly design: MteDesign
  /**
   * PG_mte_tagged: pages whose tags are initialised (in M6: first pages of folios). From 6.2 on the
   * same pages hold PG_mte_lock, which one initialiser takes for the life of the page.
   */
  readonly #tagged = new Set<number>()
  /** M5: first pages of large folios that have their tags back. */
  readonly #restored = new Set<number>()

  constructor(readonly world: World) {
    this.memory = new TagMemory(world.geometry.pageSize / GRANULE_BYTES)
    this.design = MTE_DESIGNS[world.kernel.mteDesign]
  }

  /** Bytes that saved tags take. */
  get bytesHeld(): number {
    return this.saved.buffers * this.memory.pageBytes
  }

  /** `page_mte_tagged`: the tags of this page are initialised. */
  isTagged(pfn: number): boolean {
    return this.design.flag === 'none' || this.#tagged.has(this.#flagOf(pfn))
  }

  /**
   * Before plain stores of `nr` entries with `attr` from `slot` on: where EL0 would see tags through
   * them, those of pages that have none yet are cleared. 6.1 looks at what the entry was and at all
   * pages of a folio whose first page is mapped; later kernels at the pages mapped.
   */
  sync(slot: number, pfn: number, attr: number, nr: number): void {
    if ((attr & (USER_VISIBLE | SPECIAL)) !== USER_VISIBLE) return
    if (this.world.kernel.functionNames === 'linux-6.1') {
      for (let i = 0; i < nr; i++) this.#syncOld(slot + i, pfn + i, attr)
      return
    }
    if ((attr & TAGGED) === 0) return
    this.world.calls[FN.mte_sync_tags]++
    this.#initialiseAll(pfn, nr)
  }

  /** The same for a PMD leaf. */
  syncLeaf(attr: number, pfn: number): void {
    if ((attr & (USER_VISIBLE | SPECIAL | TAGGED)) !== (USER_VISIBLE | TAGGED)) return
    this.world.calls[FN.mte_sync_tags]++
    this.#initialiseAll(pfn, 2 ** this.world.geometry.pmdOrder)
  }

  /** `tag_clear_highpage`: data and tags of a new page are cleared at once, and it counts as tagged. */
  zeroNewPage(pfn: number): void {
    this.world.calls[FN.mte_zero_clear_page_tags]++
    this.memory.fill(pfn, 0)
    this.#flag(pfn)
  }

  /** `copy_highpage`: the copy gets the tags. */
  copyPage(from: number, to: number): void {
    if (!this.isTagged(from)) return
    this.world.calls[FN.mte_copy_page_tags]++
    this.memory.load(to, this.memory.save(from))
    this.#flag(to)
  }

  /** The folio is free: its pages are nobody's, but their tags stay where they are. */
  freed(head: number, order: number): void {
    this.#restored.delete(head)
    for (let pfn = head; pfn < head + 2 ** order; pfn++) {
      this.#mark(pfn, false)
      // Without a flag everybody relies on new pages to have clear tags.
      if (this.design.flag === 'none' && !this.memory.isClear(pfn)) this.#clear(pfn)
    }
  }

  /** The folio was taken apart: a flag that was the folio's is every page's then. */
  split(head: number, nr: number): void {
    if (this.design.flag !== 'folio' || !this.#tagged.has(head)) return
    for (let pfn = head; pfn < head + nr; pfn++) this.#mark(pfn, true)
  }

  /** `arch_prepare_to_swap`: saves what is tagged of a folio that is about to be written; false is ENOMEM. */
  prepareToSwap(head: number, nr: number, slot: number): boolean {
    this.#restored.delete(head)
    const pages = this.design.save === 'head' ? 1 : nr
    for (let i = 0; i < pages; i++) {
      if (this.#save(head + i, slot + i)) continue
      this.#undoSave(head, i, slot)
      return false
    }
    return true
  }

  /** What was saved of the first `saved` pages is dropped. */
  #undoSave(head: number, saved: number, slot: number): void {
    if (this.design.save !== 'folio-bad-undo') {
      for (let i = saved - 1; i >= 0; i--) this.invalidate(slot + i)
      return
    }
    // M2 decrements before it tests for zero: it misses the first page, and where none was saved it goes on
    // to the pages that lie before the folio, down to the first of memory, where it would not stop either.
    for (let i = saved - 1; i > 0; i--) this.invalidate(slot + i)
    if (saved === 0) for (let pfn = head - 1; pfn >= 0; pfn--) this.#invalidatePage(pfn)
  }

  /** Drops what is saved of a page, by the swap entry that it has in the swap cache. */
  #invalidatePage(pfn: number): void {
    const { folios, swap } = this.world
    if (swap === undefined || (folios.flags(pfn) & FOLIO_SWAPCACHE) === 0) return
    this.invalidate(swap.slotOf(folios, pfn) + pfn - folios.head(pfn))
  }

  /**
   * `arch_swap_restore`, before the swap entries go: the folio of `nr` pages at `head` stands for the
   * slots from `slot` on, and pages `[first, first + mapped)` of it are being mapped for a fault on
   * page `page`.
   */
  swapRestore(head: number, nr: number, slot: number, page: number, first: number, mapped: number): void {
    const { restore } = this.design
    if (restore === 'same-entry') {
      for (let i = 0; i < nr; i++) this.#restore(head + i, slot + page)
    } else if (restore === 'page') {
      for (let i = first; i < first + mapped; i++) this.#restore(head + i, slot + i)
    } else if (restore === 'once' && this.#restored.has(head)) {
      this.#count(CHECK)
      this.#tellRestore(head, slot, 'remembered')
    } else {
      // With one flag for the folio all of it needs its tags, or none.
      const missing = this.design.flag === 'folio' && !this.isTagged(head)
      for (let i = 0; i < nr; i++) this.#restore(head + i, slot + i, missing)
      if (restore === 'once' && nr > 1) this.#restored.add(head)
    }
  }

  /** `arch_swap_invalidate_page`: the slot is free. */
  invalidate(slot: number): void {
    this.world.calls[FN.mte_invalidate_tags]++
    this.#drop(slot)
  }

  /** `arch_swap_invalidate_area`: swapoff is over. */
  invalidateArea(): void {
    this.world.counters.values[DROP] += this.saved.clear()
  }

  /** Counts first, so that the event of a trace takes it up. */
  #drop(slot: number): void {
    if (!this.saved.has(slot)) return
    this.#count(DROP)
    this.saved.drop(slot)
  }

  /** Where the flag of a page is: M6 has one a folio. */
  #flagOf(pfn: number): number {
    return this.design.flag === 'folio' ? this.world.folios.head(pfn) : pfn
  }

  /** Sets or clears the flag that lies at a page. */
  #mark(pfn: number, on: boolean): void {
    if (this.#tagged.has(pfn) === on) return
    if (on) this.#tagged.add(pfn)
    else this.#tagged.delete(pfn)
    this.world.trace?.note('page-tagged', 0, pfn, on ? 0 : 1, 0, on ? 1 : 0)
  }

  #flag(pfn: number): void {
    if (this.design.flag !== 'none') this.#mark(this.#flagOf(pfn), true)
  }

  /** M6 looks once: a run is a new folio's, and all of that is cleared; of a single entry, its page. */
  #initialiseAll(pfn: number, nr: number): void {
    const { folios } = this.world
    if (this.design.flag !== 'folio' || nr === 1) {
      for (let page = pfn; page < pfn + nr; page++) this.#initialise(page)
    } else if (!this.isTagged(pfn)) {
      const head = folios.head(pfn)
      for (let page = head; page < head + (1 << folios.order(pfn)); page++) this.#clear(page)
      this.#flag(pfn)
    }
  }

  #initialise(pfn: number): void {
    if (this.isTagged(pfn)) return
    this.#clear(pfn)
    this.#flag(pfn)
  }

  #clear(pfn: number): void {
    this.world.calls[FN.mte_clear_page_tags]++
    this.memory.fill(pfn, 0)
  }

  /** `mte_sync_tags` of 6.1. */
  #syncOld(slot: number, pfn: number, attr: number): void {
    const { tables, folios, calls } = this.world
    const old = tables.attr(slot)
    const tagged = (attr & TAGGED) !== 0
    if (!tagged && !isSwapType(old)) return
    calls[FN.mte_sync_tags]++
    const nr = folios.head(pfn) === pfn ? 1 << folios.order(pfn) : 1
    const swapped = nr === 1 && (old & (VALID | SWAP)) === SWAP
    for (let page = pfn; page < pfn + nr; page++) {
      if (this.isTagged(page)) continue
      if (swapped && this.#restore(page, tables.pfn(slot))) continue
      if (tagged) this.#initialise(page)
    }
  }

  /** `mte_save_tags`. */
  #save(pfn: number, slot: number): boolean {
    const { calls } = this.world
    calls[FN.mte_save_tags]++
    if (!this.isTagged(pfn)) return true
    if (this.design.flag === 'none') {
      this.#count(SCAN)
      if (this.memory.isClear(pfn)) {
        this.#drop(slot)
        return true
      }
    }
    calls[FN.mte_save_page_tags]++
    if (this.saved.full) return false
    this.#count(SAVE)
    return this.saved.put(slot, this.memory.save(pfn))
  }

  /**
   * `mte_restore_tags`: one look into the store; answers whether tags were there. They are not copied to a
   * page that has its tags, unless its folio is known to be `missing` them.
   */
  #restore(pfn: number, slot: number, missing = false): boolean {
    const { calls } = this.world
    calls[FN.mte_restore_tags]++
    this.#count(LOOKUP)
    const tags = this.saved.get(slot)
    if (tags === undefined) {
      this.#tellRestore(pfn, slot, 'nothing saved')
      return false
    }
    if (!missing && this.design.flag !== 'none' && this.isTagged(pfn)) {
      this.#count(SKIP)
      this.#tellRestore(pfn, slot, 'there already')
      return true
    }
    calls[FN.mte_restore_page_tags]++
    this.#count(COPY)
    this.#tellRestore(pfn, slot, 'copied')
    this.memory.load(pfn, tags)
    this.#flag(pfn)
    return true
  }

  #count(index: number): void {
    this.world.counters.values[index]++
    this.world.trace?.touch(index)
  }

  #tellRestore(pfn: number, slot: number, outcome: RestoreOutcome): void {
    this.world.trace?.note('tag-restore', 0, slot, pfn, 0, RESTORE_OUTCOMES.indexOf(outcome))
  }
}

/**
 * The engine's side of `npm run bench -- exit`: one process with 1 GiB (or less) of 64K folios that
 * exits again and again from the same state, and the checksum of what each exit leaves behind.
 */
import { fixture, type Fixture } from '../../src/engine/check/fixture'
import { Mm } from '../../src/engine/mm/mm'
import { findSlot } from '../../src/engine/mm/walk'
import { exitMm } from '../../src/engine/mm/zap'

/** Pages of a 64K folio, with 4K pages. */
const FOLIO_PAGES = 16
const FOLIO_ORDER = 4

const mix = (sum: number, word: number): number => Math.imul(sum ^ word, 16_777_619)

/** An array and what it held before the first exit. */
interface Kept {
  readonly array: Lane
  readonly content: Lane
}

type Lane = Int32Array | Uint8Array | Uint16Array | Float64Array

const kept = (array: Lane): Kept => ({ array, content: array.slice() })

/** An exit that can be repeated. */
export class ExitCase {
  readonly #fixture: Fixture
  readonly #before: readonly Kept[]
  readonly #bases: Float64Array
  /** The allocator's free blocks: their maps may grow, so they are put back map by map. */
  readonly #free: readonly { readonly size: number; readonly levels: readonly Int32Array[] }[]
  readonly #slots: Int32Array
  readonly #firstPfn: number
  readonly #freed: { folios: number; pages: number }
  #mm: Mm

  constructor(
    kernel: string,
    readonly pages: number
  ) {
    this.#fixture = fixture({ kernel, pages, order: FOLIO_ORDER })
    this.#mm = this.#fixture.mm
    const { tables, folios } = this.world
    this.#before = [
      ...tables.attrs,
      ...tables.pfns,
      ...folios.states.lanes,
      ...folios.largeRefs,
      ...folios.largeFlags,
      folios.buddy.state,
      tables.state
    ]
      .filter((array) => array !== undefined)
      .map(kept)
    this.#bases = tables.copyBases()
    this.#free = folios.buddy.free.map(({ size, levels }) => ({
      size,
      levels: levels.map((level) => level.slice())
    }))
    this.#slots = Int32Array.from({ length: pages }, (_, page) =>
      findSlot(this.world, this.#mm, this.#fixture.vma.start + page)
    )
    this.#firstPfn = tables.pfn(this.#slots[0])
    this.#freed = this.#counted()
    const taken = Array.from({ length: pages }, (_, page) => tables.pfn(this.#slots[page]))
    if (taken.some((pfn, page) => pfn !== this.#firstPfn + page) || this.#anyFree())
      throw new Error('the anchor wants one run of frames, none of them free')
  }

  get world(): Fixture['world'] {
    return this.#fixture.world
  }

  /** Puts everything back as it was before the first exit, with a new address space of the same tables. */
  restore(): void {
    const { world } = this
    const { buddy } = world.folios
    if (!world.mms.includes(this.#mm)) {
      const { pid, root, totals } = this.#mm
      this.#mm = new Mm(pid, root, totals)
      this.#mm.anonPages = this.pages
      this.#mm.insertVma({ ...this.#fixture.vma })
      world.mms.push(this.#mm)
    }
    world.tables.restoreBases(this.#bases)
    for (const [order, { size, levels }] of this.#free.entries()) {
      const map = buddy.free[order]
      map.size = size
      for (const [level, bits] of levels.entries()) {
        if (map.levels[level].length === bits.length) map.levels[level].set(bits)
        else map.levels[level] = bits.slice()
      }
      map.levels.length = levels.length
    }
    const { folios, pages } = this.#counted()
    this.#freed.folios = folios
    this.#freed.pages = pages
    for (const { array, content } of this.#before) array.set(content)
  }

  /** What is timed. */
  run(): void {
    exitMm(this.world, this.#mm)
  }

  /** The state as the anchor reads it: see exit-anchor.c. */
  state(): Int32Array {
    const { pages } = this
    const { tables, folios, geometry } = this.world
    const { tableEntries, tableShift } = geometry
    const unit = this.world.kernel.zap === 'batch-upstream' ? FOLIO_PAGES : 1
    const words = [pages, FOLIO_PAGES, tableEntries, folios.buddy.maxOrder, this.#firstPfn, unit]
    for (const slot of this.#slots) {
      words.push(tables.attr(slot), tables.pfn(slot), folios.word(tables.pfn(slot)))
    }
    for (let page = 0; page < pages; page += FOLIO_PAGES) {
      words.push(folios.refcount(this.#firstPfn + page))
    }
    for (let page = 0; page < pages; page += tableEntries) words.push(this.#slots[page] >>> tableShift)
    return Int32Array.from(words)
  }

  /** Of everything the exit changed, page by page. Only after `run`. */
  checksum(): number {
    const { tables, folios } = this.world
    const { buddy } = folios
    const counted = this.#counted()
    let sum = mix(2_166_136_261, this.#mm.anonPages)
    sum = mix(mix(sum, counted.folios - this.#freed.folios), counted.pages - this.#freed.pages)
    for (let page = 0; page < this.pages; page++) {
      const slot = this.#slots[page]
      sum = mix(mix(sum, tables.attr(slot)), tables.pfn(slot))
      sum = mix(sum, folios.word(this.#firstPfn + page))
    }
    for (let page = 0; page < this.pages; page += FOLIO_PAGES) {
      const { refs } = folios.lanesOf(this.#firstPfn + page, FOLIO_ORDER)
      sum = mix(sum, refs)
    }
    for (let order = 0; order <= buddy.maxOrder; order++) {
      const first = this.#firstPfn >>> order
      for (let i = 0; i < this.pages >>> order; i++) sum = mix(sum, buddy.free[order].has(first + i) ? 1 : 0)
    }
    return sum >>> 0
  }

  #counted(): { folios: number; pages: number } {
    const { counters } = this.world
    return { folios: counters.get('folioFree'), pages: counters.get('pageFree') }
  }

  #anyFree(): boolean {
    const { buddy } = this.world.folios
    return buddy.free.some((map, order) => {
      const first = this.#firstPfn >>> order
      for (let i = 0; i < this.pages >>> order; i++) if (map.has(first + i)) return true
      return false
    })
  }
}

export const make = (kernel: string, pages: number): ExitCase => new ExitCase(kernel, pages)

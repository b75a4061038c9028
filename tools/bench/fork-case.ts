/**
 * The engine's side of `npm run bench -- fork`: one process with 1 GiB (or less) of 64K folios that
 * forks again and again from the same state, and the checksum of what each fork leaves behind.
 */
import { fixture, type Fixture } from '../../src/engine/check/fixture'
import { forkMm } from '../../src/engine/mm/fork'
import type { Mm } from '../../src/engine/mm/mm'
import { findSlot } from '../../src/engine/mm/walk'
import { exitMm } from '../../src/engine/mm/zap'
import { COUNTER_INDEX } from '../../src/engine/trace/counters'

/** Pages of a 64K folio, with 4K pages. */
const FOLIO_PAGES = 16
const FOLIO_ORDER = 4
const EXCLUSIVE_CLEAR = COUNTER_INDEX.exclusiveClear

const mix = (sum: number, word: number): number => Math.imul(sum ^ word, 16_777_619)

/** Copies thrown away after each run would be collected while the next one is timed. */
let copy = new Int32Array(0)

/** Writes an array as it is: lanes of frames hold no others after a fork, but free tables are chained through them. */
function rewrite(array: Int32Array): void {
  if (copy.length !== array.length) copy = new Int32Array(array.length)
  copy.set(array)
  array.set(copy)
}

type Lane = Int32Array | Uint8Array

/** A fork that can be repeated. */
export class ForkCase {
  readonly #fixture: Fixture
  /** The arrays of the parent that a fork changes, with what they held before the first one. */
  readonly #before: { readonly array: Lane; readonly content: Lane }[]
  /** Chunks of tables that existed before the first fork: all later ones are the child's. */
  readonly #parentChunks: number
  #child: Mm | undefined

  constructor(
    kernel: string,
    readonly pages: number
  ) {
    this.#fixture = fixture({ kernel, pages, order: FOLIO_ORDER })
    const { tables, folios } = this.world
    this.#parentChunks = tables.attrs.length
    this.#before = [...tables.attrs, ...folios.states.lanes, ...folios.largeRefs]
      .filter((array) => array !== undefined)
      .map((array) => ({ array, content: array.slice() }))
  }

  get world(): Fixture['world'] {
    return this.#fixture.world
  }

  /**
   * Puts everything back as it was before the first fork: the child gone, its tables free for the
   * next one, the parent writable. As in the anchor the last thing done is to write every array that
   * the fork will touch, the child's first.
   */
  restore(): void {
    if (this.#child !== undefined) exitMm(this.world, this.#child)
    this.#child = undefined
    const { tables } = this.world
    for (let chunk = this.#parentChunks; chunk < tables.attrs.length; chunk++) {
      tables.attrs[chunk].fill(0)
      rewrite(tables.pfns[chunk])
    }
    for (const pfns of tables.pfns.slice(0, this.#parentChunks)) rewrite(pfns)
    for (const { array, content } of this.#before) array.set(content)
  }

  /** What is timed. */
  run(): void {
    this.#child = forkMm(this.world, this.#fixture.mm, 2)
  }

  /** The state as the anchor reads it: see fork-anchor.c. */
  state(): Int32Array {
    const { pages } = this
    const { tables, folios } = this.world
    const state = new Int32Array(2 + 3 * pages + pages / FOLIO_PAGES)
    state[0] = pages
    state[1] = FOLIO_PAGES
    for (let page = 0; page < pages; page++) {
      const slot = this.#slot(this.#fixture.mm, page)
      const pfn = tables.pfn(slot)
      state.set([tables.attr(slot), pfn, folios.word(pfn)], 2 + 3 * page)
      if (page % FOLIO_PAGES === 0) state[2 + 3 * pages + page / FOLIO_PAGES] = folios.refcount(pfn)
    }
    return state
  }

  /** Of everything the fork changed, page by page. Only after `fork`. */
  checksum(): number {
    const { tables, folios } = this.world
    const child = this.#child
    if (child === undefined) throw new Error('nothing was forked')
    let sum = mix(2_166_136_261, child.own[EXCLUSIVE_CLEAR])
    for (let page = 0; page < this.pages; page++) {
      const slot = this.#slot(this.#fixture.mm, page)
      const childSlot = this.#slot(child, page)
      sum = mix(mix(sum, tables.attr(slot)), tables.pfn(slot))
      sum = mix(mix(sum, tables.attr(childSlot)), tables.pfn(childSlot))
      sum = mix(sum, folios.word(tables.pfn(slot)))
    }
    for (let page = 0; page < this.pages; page += FOLIO_PAGES) {
      sum = mix(sum, folios.refcount(tables.pfn(this.#slot(this.#fixture.mm, page))))
    }
    return sum >>> 0
  }

  #slot(mm: Mm, page: number): number {
    const slot = findSlot(this.world, mm, this.#fixture.vma.start + page)
    if (slot === 0) throw new Error(`no entry for page ${page}`)
    return slot
  }
}

export const make = (kernel: string, pages: number): ForkCase => new ForkCase(kernel, pages)

import { TABLE } from './descriptor'
import type { Geometry } from './granule'

/**
 * All page-table pages of a machine: a pool of tables of 8-byte entries. An entry is reached by its
 * slot, `table * tableEntries + index`; its two lanes lie at the same place of two parallel chunks.
 * Chunks never move, so growing copies nothing, and a table never straddles two of them.
 *
 * Table 0 does not exist: 0 means "no table".
 */
export class PageTables {
  /** The `attr` lanes: permissions and state, packed as `descriptor.ts` says. */
  readonly attrs: Int32Array[] = []
  /** The `pfn` lanes: output page frame, or the number of the next table. */
  readonly pfns: Int32Array[] = []
  /**
   * The same `attr` lanes two at a time, for loops over runs of equal entries: as doubles they compare
   * bit by bit, since no lane of a present entry makes a pair that is zero or not a number.
   */
  readonly attrPairs: Float64Array[] = []
  /** The same `pfn` lanes two at a time, to be copied: no frame number makes a pair that is not a number. */
  readonly pfnPairs: Float64Array[] = []
  readonly #twoLanes = new Int32Array(2)
  readonly #onePair = new Float64Array(this.#twoLanes.buffer)
  /** log2 of the slots of one chunk. */
  readonly chunkShift: number
  readonly chunkMask: number
  /** First page each table maps, by table number: an entry's address follows from its slot. */
  #bases = new Float64Array(64)
  /** [head of the free list, tables ever used, tables in use]. The list runs through pfn lanes. */
  readonly state = new Int32Array([0, 1, 0])

  constructor(
    readonly geometry: Geometry,
    /** log2 of the tables of one chunk: 0 suits a world of a few entries. */
    chunkTablesShift = 5
  ) {
    this.chunkShift = geometry.tableShift + chunkTablesShift
    this.chunkMask = 2 ** this.chunkShift - 1
  }

  /** What `attrPairs` holds where two neighbouring lanes are both `lane`. */
  pair(lane: number): number {
    this.#twoLanes[0] = lane
    this.#twoLanes[1] = lane
    return this.#onePair[0]
  }

  /** Whether each change of an entry is told to a tracer: then no array may be written past it. */
  get traced(): boolean {
    return false
  }

  /** Takes an empty table out of the pool; it maps pages from `base` on. */
  alloc(base = 0): number {
    const entries = this.geometry.tableEntries
    let table = this.state[0]
    if (table !== 0) {
      this.state[0] = this.pfn(table * entries)
      this.put(table * entries, 0, 0)
    } else {
      table = this.state[1]++
      this.reach(table)
    }
    this.state[2]++
    this.setBase(table, base)
    return table
  }

  /** Makes chunks up to that of `table`. */
  reach(table: number): void {
    this.reachChunks(((table * this.geometry.tableEntries) >>> this.chunkShift) + 1)
  }

  /** Makes at least `count` chunks. */
  reachChunks(count: number): void {
    while (count > this.attrs.length) {
      const attrs = new Int32Array(1 << this.chunkShift)
      this.attrs.push(attrs)
      this.attrPairs.push(new Float64Array(attrs.buffer))
      const pfns = new Int32Array(1 << this.chunkShift)
      this.pfns.push(pfns)
      this.pfnPairs.push(new Float64Array(pfns.buffer))
    }
  }

  /** Gives a table back. All its entries must be empty: nobody clears them again. */
  free(table: number): void {
    this.put(table * this.geometry.tableEntries, 0, this.state[0])
    this.state[0] = table
    this.state[2]--
  }

  /** What `restoreBases` takes. */
  copyBases(): Float64Array {
    return this.#bases.slice()
  }

  restoreBases(bases: Float64Array): void {
    this.#bases = bases.slice()
  }

  /** First page that `table` maps. */
  base(table: number): number {
    return table < this.#bases.length ? this.#bases[table] : 0
  }

  /** mremap gives a whole table to other addresses. */
  moveTable(table: number, base: number): void {
    this.setBase(table, base)
  }

  /** Says that `table` maps pages from `base` on. */
  setBase(table: number, base: number): void {
    if (table >= this.#bases.length) {
      const grown = new Float64Array(Math.max(2 * this.#bases.length, table + 1))
      grown.set(this.#bases)
      this.#bases = grown
    }
    this.#bases[table] = base
  }

  /** The page that a last-level entry maps. */
  vpn(slot: number): number {
    const { tableShift, tableEntries } = this.geometry
    return this.#bases[slot >>> tableShift] + (slot & (tableEntries - 1))
  }

  attr(slot: number): number {
    return this.attrs[slot >>> this.chunkShift][slot & this.chunkMask]
  }

  pfn(slot: number): number {
    return this.pfns[slot >>> this.chunkShift][slot & this.chunkMask]
  }

  /** A plain store. */
  set(slot: number, attr: number, pfn: number): void {
    this.put(slot, attr, pfn)
  }

  /** An atomic exchange. */
  xchg(slot: number, attr: number, pfn: number): void {
    this.put(slot, attr, pfn)
  }

  /** A compare-and-swap that succeeds. */
  cas(slot: number, attr: number, pfn: number): void {
    this.put(slot, attr, pfn)
  }

  /** Hardware records access or dirty state. */
  record(slot: number, attr: number): void {
    this.put(slot, attr, this.pfn(slot))
  }

  /** An upper-level entry begins to point to a table. */
  link(slot: number, table: number): void {
    this.put(slot, TABLE, table)
  }

  /** An upper-level entry stops to point to a table. */
  unlink(slot: number): void {
    this.put(slot, 0, 0)
  }

  /** Writes both lanes. */
  put(slot: number, attr: number, pfn: number): void {
    const chunk = slot >>> this.chunkShift
    const offset = slot & this.chunkMask
    this.attrs[chunk][offset] = attr
    this.pfns[chunk][offset] = pfn
  }

  /** Bytes of the chunks. */
  get bytes(): number {
    return [...this.attrs, ...this.pfns].reduce((sum, chunk) => sum + chunk.byteLength, 0)
  }
}

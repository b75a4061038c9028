import type { Geometry } from './granule'

/**
 * All page-table pages of a machine: a pool of tables of 8-byte entries. An entry is reached by its
 * slot, `table * tableEntries + index`; inside a chunk its two lanes lie side by side, `attr` first.
 * Chunks never move, so growing copies nothing, and a table never straddles two of them.
 *
 * Table 0 does not exist: 0 means "no table".
 */
export class PageTables {
  readonly chunks: Int32Array[] = []
  /** log2 of the slots of one chunk. */
  readonly chunkShift: number
  readonly chunkMask: number
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

  /** Takes an empty table out of the pool. */
  alloc(): number {
    const entries = this.geometry.tableEntries
    let table = this.state[0]
    if (table !== 0) {
      const slot = table * entries
      this.state[0] = this.pfn(slot)
      const offset = (slot & this.chunkMask) << 1
      this.chunks[slot >>> this.chunkShift].fill(0, offset, offset + 2 * entries)
    } else {
      table = this.state[1]++
      const chunk = (table * entries) >>> this.chunkShift
      if (chunk === this.chunks.length) this.chunks.push(new Int32Array(2 << this.chunkShift))
    }
    this.state[2]++
    return table
  }

  /** Gives a table back. Its entries are stale until it is taken again. */
  free(table: number): void {
    this.set(table * this.geometry.tableEntries, 0, this.state[0])
    this.state[0] = table
    this.state[2]--
  }

  attr(slot: number): number {
    return this.chunks[slot >>> this.chunkShift][(slot & this.chunkMask) << 1]
  }

  pfn(slot: number): number {
    return this.chunks[slot >>> this.chunkShift][((slot & this.chunkMask) << 1) + 1]
  }

  set(slot: number, attr: number, pfn: number): void {
    const chunk = this.chunks[slot >>> this.chunkShift]
    const offset = (slot & this.chunkMask) << 1
    chunk[offset] = attr
    chunk[offset + 1] = pfn
  }

  /** Bytes of the chunks. */
  get bytes(): number {
    return this.chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0)
  }
}

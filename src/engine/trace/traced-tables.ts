/** Page tables that tell a tracer of every change of an entry. */
import { PageTables } from '../arch/tables'
import type { Geometry } from '../arch/granule'
import { TABLE } from '../arch/descriptor'
import { KIND } from './kinds'
import { highLane, lowLane } from './lanes'
import type { Tracer } from './tracer'

/** The pool of tables of a traced world; `trace` is set when the world is put together. */
export class TracedTables extends PageTables {
  trace: Tracer | undefined

  constructor(geometry: Geometry) {
    super(geometry)
  }

  override get traced(): boolean {
    return true
  }

  override alloc(base = 0): number {
    const { trace, geometry, state } = this
    const head = state[0]
    // What lies in the free table's first entry: the next free one.
    const next = head === 0 ? -1 : this.pfn(head * geometry.tableEntries)
    const table = head === 0 ? state[1] : head
    const old = this.base(table)
    super.alloc(base)
    trace?.add(KIND['table-alloc'], next, table, lowLane(old), highLane(old), lowLane(base), highLane(base))
    return table
  }

  override free(table: number): void {
    const head = this.state[0]
    super.free(table)
    this.trace?.add(KIND['table-free'], head, table, 0, 0, 0, 0)
  }

  override moveTable(table: number, base: number): void {
    const old = this.base(table)
    super.moveTable(table, base)
    this.trace?.add(KIND['table-move'], 0, table, lowLane(old), highLane(old), lowLane(base), highLane(base))
  }

  override set(slot: number, attr: number, pfn: number): void {
    this.#told(KIND.write, slot, attr, pfn)
  }

  override xchg(slot: number, attr: number, pfn: number): void {
    this.#told(KIND.xchg, slot, attr, pfn)
  }

  override cas(slot: number, attr: number, pfn: number): void {
    this.#told(KIND.cas, slot, attr, pfn)
  }

  override record(slot: number, attr: number): void {
    this.#told(KIND.hardware, slot, attr, this.pfn(slot))
  }

  override link(slot: number, table: number): void {
    this.#told(KIND['table-link'], slot, TABLE, table)
  }

  override unlink(slot: number): void {
    this.#told(KIND['table-link'], slot, 0, 0)
  }

  #told(kind: number, slot: number, attr: number, pfn: number): void {
    const chunk = slot >>> this.chunkShift
    const at = slot & this.chunkMask
    const attrs = this.attrs[chunk]
    const pfns = this.pfns[chunk]
    const oldAttr = attrs[at]
    const oldPfn = pfns[at]
    attrs[at] = attr
    pfns[at] = pfn
    this.trace?.entry(kind, slot, oldAttr, oldPfn, attr, pfn)
  }
}

/**
 * Memory over the course of a trace: what is resident, what is held for nothing, folios and free blocks
 * by size, at events that are spread over it. What free memory looks like is in no event, so it is
 * looked at while the machine runs. How densely depends on the number of events alone: the same trace
 * has the same samples.
 */
import type { World } from '../world'
import type { HeldPageCounts } from './held-pages'

/** Memory after an event, in pages. */
export interface MemorySample {
  readonly event: number
  /** Number of the machine in its cell. */
  readonly machine: number
  /** Resident pages of all address spaces: what each counts as its own. */
  readonly resident: number
  /** Pages of folios that are mapped and were not accessed since they were allocated: internal waste. */
  readonly unused: number
  /** Pages of folios that are held although nothing maps them, as the unmapped part of a large folio is. */
  readonly unmapped: number
  /** Folios of each order that somebody holds. */
  readonly folios: readonly number[]
  /** Free blocks of each order. */
  readonly freeBlocks: readonly number[]
}

/** Samples of a machine; when there are as many, every second one goes. */
const MOST = 128
/** Events between two samples at first. */
const STRIDE = 16

/** Takes the samples of one machine. */
export class MemorySamples {
  /** The event at which the next sample is due. */
  due = 1
  #stride = STRIDE
  #samples: MemorySample[] = []
  /** The last sample is of the end of an operation. */
  #atEnd = false

  constructor(
    private readonly world: World,
    private readonly machine: number,
    private readonly held: HeldPageCounts
  ) {}

  /** Looks at memory after `event`, which was due. */
  take(event: number): void {
    this.#atEnd = false
    this.#samples.push(this.#look(event))
    if (this.#samples.length === MOST) {
      this.#samples = this.#samples.filter((_, index) => index % 2 === 1)
      this.#stride *= 2
    }
    this.due = event + this.#stride
  }

  /**
   * An operation has ended, a better place than any inside one: it takes the place of a sample that is
   * near, unless that is the end of an operation too.
   */
  boundary(event: number): void {
    if (event - (this.due - this.#stride) < this.#stride / 2) {
      if (this.#atEnd) return
      this.#samples.pop()
    }
    this.take(event)
    this.#atEnd = true
  }

  /** All so far, and the state after `event`, the last one. */
  upTo(event: number): readonly MemorySample[] {
    const before = this.#samples.filter((sample) => sample.event < event)
    return event === 0 ? before : [...before, this.#look(event)]
  }

  #look(event: number): MemorySample {
    const { folios, mms, geometry } = this.world
    const { buddy, live } = folios
    return {
      event,
      machine: this.machine,
      resident: mms.reduce((sum, { anonPages, filePages }) => sum + anonPages + filePages, 0),
      ...this.held.totals(),
      folios: [...live.subarray(0, geometry.maxOrder + 1)],
      freeBlocks: buddy.blocks()
    }
  }
}

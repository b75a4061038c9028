import { EngineError } from '../error'

/** Live objects, to pick any of them: 8 bytes each, in lists that grow by doubling. */
export class Objects {
  #starts = new Uint32Array(1024)
  #sizes = new Uint32Array(1024)
  count = 0

  /** Where an object begins and how long it is, in units the caller chooses. */
  add(start: number, size: number): void {
    if (this.count === this.#starts.length) {
      this.#starts = grown(this.#starts)
      this.#sizes = grown(this.#sizes)
    }
    this.#starts[this.count] = start
    this.#sizes[this.count++] = size
  }

  start(index: number): number {
    return this.#starts[index]
  }

  size(index: number): number {
    return this.#sizes[index]
  }

  /** The last one takes the place of the one removed. */
  remove(index: number): void {
    this.count--
    this.#starts[index] = this.#starts[this.count]
    this.#sizes[index] = this.#sizes[this.count]
  }

  get bytes(): number {
    return this.#starts.byteLength + this.#sizes.byteLength
  }
}

function grown(lane: Uint32Array): Uint32Array<ArrayBuffer> {
  const more = new Uint32Array(lane.length * 2)
  more.set(lane)
  return more
}

/** What an allocator throws that has no room left in its mapping. */
export function heapFull(pages: number): EngineError {
  return new EngineError('ENOMEM', `ENOMEM: the heap's ${pages} pages are full.`)
}

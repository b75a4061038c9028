/**
 * What there is to say of each page frame. Only few different things are ever said in one world, so they
 * are kept once and numbered, and a frame has the number: one byte as long as it fits.
 */

/** log2 of the pages one chunk of metadata covers: 32 MiB of 4K pages. A mapping by PMD lies in one. */
export const FOLIO_CHUNK_SHIFT = 13
export const FOLIO_CHUNK_MASK = (1 << FOLIO_CHUNK_SHIFT) - 1
const CHUNK = 1 << FOLIO_CHUNK_SHIFT

/** The largest number that a byte may hold here: no eight of them make a double that is not a number. */
export const LAST_NARROW = 126
/** Fewer pages than this are stored one by one: the call of `fill` would cost more. */
const FEW = 32

/**
 * The states of pages, numbered from 0 in the order in which they were first met: the page's word (see
 * `folio.ts`) and, on the first page of a folio of order 0 or 1, that folio's refcount and flags. Both are
 * 0 on every other page. State 0 is that of a page that nobody holds. None is ever forgotten.
 */
export class PageStateTable {
  words = new Int32Array(64)
  refs = new Int32Array(64)
  flags = new Uint16Array(64)
  #size = 1
  /** Numbers of states, each at the first free place from that of its hash on; 0 is a free place. */
  #places = new Int32Array(128)

  /** How many there are. */
  get size(): number {
    return this.#size
  }

  /** Bytes of all arrays. */
  get bytes(): number {
    const { words, refs, flags } = this
    return words.byteLength + refs.byteLength + flags.byteLength + this.#places.byteLength
  }

  /** The number of a state. */
  of(word: number, refs: number, flags: number): number {
    if ((word | refs | flags) === 0) return 0
    const places = this.#places
    const mask = places.length - 1
    for (let at = hash(word, refs, flags) & mask; places[at] !== 0; at = (at + 1) & mask) {
      const state = places[at]
      if (this.words[state] === word && this.refs[state] === refs && this.flags[state] === flags) return state
    }
    return this.#add(word, refs, flags)
  }

  /** The state with another word. */
  withWord(state: number, word: number): number {
    return this.of(word | 0, this.refs[state], this.flags[state])
  }

  /** The state with another refcount. */
  withRefs(state: number, refs: number): number {
    return this.of(this.words[state], refs | 0, this.flags[state])
  }

  /** The state with other flags. */
  withFlags(state: number, flags: number): number {
    return this.of(this.words[state], this.refs[state], flags & 0xffff)
  }

  #add(word: number, refs: number, flags: number): number {
    const state = this.#size++
    if (state === this.words.length) this.#grow()
    this.words[state] = word
    this.refs[state] = refs
    this.flags[state] = flags
    this.#place(state)
    return state
  }

  #place(state: number): void {
    const places = this.#places
    const mask = places.length - 1
    let at = hash(this.words[state], this.refs[state], this.flags[state]) & mask
    while (places[at] !== 0) at = (at + 1) & mask
    places[at] = state
  }

  #grow(): void {
    const { words, refs, flags } = this
    this.words = new Int32Array(2 * words.length)
    this.words.set(words)
    this.refs = new Int32Array(2 * words.length)
    this.refs.set(refs)
    this.flags = new Uint16Array(2 * words.length)
    this.flags.set(flags)
    this.#places = new Int32Array(4 * words.length)
    for (let state = 1; state < words.length; state++) this.#place(state)
  }
}

function hash(word: number, refs: number, flags: number): number {
  const mixed = Math.imul(word ^ Math.imul(refs, 0x27d4eb2d) ^ Math.imul(flags, 0x165667b1), 0x9e3779b1)
  return mixed ^ (mixed >>> 15)
}

/** Numbers of states, one a page. */
export type StateLane = Uint8Array | Int32Array

/** The state of each page, by page frame number: chunks that come into being when one of their pages is first held. */
export class PageStates {
  /** By chunk; a byte a page until one of its pages is in a state past the 127th. */
  readonly lanes: (StateLane | undefined)[] = []
  /** Lanes of bytes, eight at a time. */
  readonly #octets: (Float64Array | undefined)[] = []
  readonly #oneOctet = new Uint8Array(8)
  readonly #asDouble = new Float64Array(this.#oneOctet.buffer)

  constructor(
    /** Replicas that exchange lanes must share it. */
    readonly table = new PageStateTable()
  ) {}

  /** The number of the page's state. */
  at(pfn: number): number {
    const lane = this.lanes[pfn >>> FOLIO_CHUNK_SHIFT]
    return lane === undefined ? 0 : lane[pfn & FOLIO_CHUNK_MASK]
  }

  /** The page's word, 0 for a page nobody holds. */
  word(pfn: number): number {
    const lane = this.lanes[pfn >>> FOLIO_CHUNK_SHIFT]
    return lane === undefined ? 0 : this.table.words[lane[pfn & FOLIO_CHUNK_MASK]]
  }

  set(pfn: number, state: number): void {
    this.#laneFor(pfn >>> FOLIO_CHUNK_SHIFT, state)[pfn & FOLIO_CHUNK_MASK] = state
  }

  /** The same state for `pages` pages. */
  fill(pfn: number, pages: number, state: number): void {
    for (let at = pfn; at < pfn + pages;) {
      const from = at & FOLIO_CHUNK_MASK
      const to = Math.min(from + pfn + pages - at, CHUNK)
      const lane = this.#laneFor(at >>> FOLIO_CHUNK_SHIFT, state)
      if (to - from > FEW) lane.fill(state, from, to)
      else for (let i = from; i < to; i++) lane[i] = state
      at += to - from
    }
  }

  /** The word of a page changes by `delta`; answers the new one. */
  addWord(pfn: number, delta: number): number {
    const { table } = this
    const state = this.at(pfn)
    const word = (table.words[state] + delta) | 0
    this.set(pfn, table.withWord(state, word))
    return word
  }

  /**
   * How many of the `most` pages from `pfn` on, all in one chunk, are in the state of the first; it may leave
   * out the last of them that make no whole group of 8. `pfn` and `most` are multiples of 8.
   */
  alike(pfn: number, most: number): number {
    const chunk = pfn >>> FOLIO_CHUNK_SHIFT
    const lane = this.lanes[chunk]
    if (lane === undefined) return 0
    const first = pfn & FOLIO_CHUNK_MASK
    const end = first + most
    const state = lane[first]
    if (lane.BYTES_PER_ELEMENT !== 1) {
      let at = first
      while (at < end && lane[at] === state) at++
      return at - first
    }
    const octets = this.#octetsOf(chunk, lane)
    const wanted = this.#octet(state)
    let at = first >>> 3
    while (at < end >>> 3 && octets[at] === wanted) at++
    return (at << 3) - first
  }

  /** Calls `visit` for each page that is not in state 0, in order. */
  forEach(visit: (pfn: number, word: number) => void): void {
    this.lanes.forEach((lane, chunk) => {
      if (lane === undefined) return
      const { words } = this.table
      for (let at = 0; at < lane.length; at++) {
        if (lane[at] !== 0) visit((chunk << FOLIO_CHUNK_SHIFT) + at, words[lane[at]])
      }
    })
  }

  /** Page frames that there are lanes for. */
  get frames(): number {
    return this.lanes.reduce((sum, lane) => sum + (lane?.length ?? 0), 0)
  }

  /** Bytes of all lanes and of the table. */
  get bytes(): number {
    return this.lanes.reduce((sum, lane) => sum + (lane?.byteLength ?? 0), this.table.bytes)
  }

  /** The lane of a chunk, made if there is none, of numbers that can be `state`. */
  #laneFor(chunk: number, state: number): StateLane {
    const lane = this.lanes[chunk] ?? (this.lanes[chunk] = new Uint8Array(CHUNK))
    if (state <= LAST_NARROW || lane.BYTES_PER_ELEMENT !== 1) return lane
    return (this.lanes[chunk] = Int32Array.from(lane))
  }

  /** Lanes are replaced, by wider ones and by a replica's copies: then the view is made anew. */
  #octetsOf(chunk: number, lane: StateLane): Float64Array {
    const made = this.#octets[chunk]
    if (made?.buffer === lane.buffer) return made
    return (this.#octets[chunk] = new Float64Array(lane.buffer))
  }

  #octet(state: number): number {
    this.#oneOctet.fill(state)
    return this.#asDouble[0]
  }
}

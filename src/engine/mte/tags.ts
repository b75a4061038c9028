/**
 * Tag memory: 4 bits for every 16 bytes of physical memory (Arm ARM, FEAT_MTE2). It outlives the use
 * of a page: a page that is freed keeps its tags until somebody clears them.
 */

/** Bytes that share one tag. */
export const GRANULE_BYTES = 16

/** The tags of one page: one for all of its granules, or two a byte. */
export type PageTags = number | Uint8Array

/** All of it. Pages whose tags are 0, and pages never tagged, cost nothing. */
export class TagMemory {
  readonly #pages = new Map<number, PageTags>()
  /** Told of a page whose tags were written, and what they were. A trace listens. */
  told: ((pfn: number, old: PageTags) => void) | undefined

  constructor(
    /** Granules of a page. */
    readonly granules: number
  ) {}

  /** Bytes that the tags of one page take: 128, 512 or 2048. */
  get pageBytes(): number {
    return this.granules / 2
  }

  /** The tag of one granule of a page. */
  get(pfn: number, granule: number): number {
    const tags = this.#pages.get(pfn) ?? 0
    if (typeof tags === 'number') return tags
    return (tags[granule >> 1] >> ((granule & 1) * 4)) & 15
  }

  /** Sets the tag of one granule. */
  set(pfn: number, granule: number, tag: number): void {
    this.setRun(pfn, granule, granule + 1, tag)
  }

  /** Sets the tags of granules `[from, to)` of a page. */
  setRun(pfn: number, from: number, to: number, tag: number): void {
    const tags = this.save(pfn)
    if (tags === tag) return
    const bytes = typeof tags === 'number' ? new Uint8Array(this.pageBytes).fill(tags * 17) : tags
    for (let granule = from; granule < to; granule++) {
      const shift = (granule & 1) * 4
      bytes[granule >> 1] = (bytes[granule >> 1] & ~(15 << shift)) | (tag << shift)
    }
    this.load(pfn, bytes)
  }

  /** Sets all tags of a page. */
  fill(pfn: number, tag: number): void {
    this.#put(pfn, tag)
  }

  /** A copy of the tags of a page. */
  save(pfn: number): PageTags {
    const tags = this.#pages.get(pfn) ?? 0
    return typeof tags === 'number' ? tags : tags.slice()
  }

  /** Gives a page the tags that `save` answered. */
  load(pfn: number, tags: PageTags): void {
    if (typeof tags === 'number') this.fill(pfn, tags)
    else {
      const first = tags[0] & 15
      if (tags.every((byte) => byte === first * 17)) this.fill(pfn, first)
      else this.#put(pfn, tags.slice())
    }
  }

  #put(pfn: number, tags: PageTags): void {
    const old = this.#pages.get(pfn) ?? 0
    if (tags === 0) this.#pages.delete(pfn)
    else this.#pages.set(pfn, tags)
    if (old !== tags) this.told?.(pfn, old)
  }

  /** Whether all tags of a page are 0. */
  isClear(pfn: number): boolean {
    return !this.#pages.has(pfn)
  }
}

/** The tags of the swapped pages, each in a buffer of its own, by swap slot. */
export class SavedTags {
  readonly #buffers = new Map<number, PageTags>()

  /** Buffers there may be; more is ENOMEM. */
  limit = Infinity
  /** Told of a slot whose buffer came, changed or went, and what it held. A trace listens. */
  told: ((slot: number, old: PageTags | undefined) => void) | undefined

  /** How many pages have their tags here. */
  get buffers(): number {
    return this.#buffers.size
  }

  /** Whether there is no memory for a buffer more. */
  get full(): boolean {
    return this.#buffers.size >= this.limit
  }

  has(slot: number): boolean {
    return this.#buffers.has(slot)
  }

  get(slot: number): PageTags | undefined {
    return this.#buffers.get(slot)
  }

  /** A buffer more, or in place of the one that was there; false without memory for it. */
  put(slot: number, tags: PageTags): boolean {
    if (this.full) return false
    const old = this.#buffers.get(slot)
    this.#buffers.set(slot, tags)
    this.told?.(slot, old)
    return true
  }

  /** Frees the buffer of a slot; false where there is none. */
  drop(slot: number): boolean {
    const old = this.#buffers.get(slot)
    if (old === undefined) return false
    this.#buffers.delete(slot)
    this.told?.(slot, old)
    return true
  }

  /** Frees all of the area; answers how many they were. */
  clear(): number {
    const { size } = this.#buffers
    for (const slot of [...this.#buffers.keys()]) this.drop(slot)
    return size
  }
}

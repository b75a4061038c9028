/**
 * What a process must read, told by the meaning of its system calls alone: nothing here knows tables,
 * folios or copies. With it "a child never sees what its parent writes later" is one comparison.
 *
 * Addresses lie in one arena; a page holds a byte. Shared pages are numbered, and all processes that
 * map one look at the same value.
 */

/** The page holds what the byte says, or zero: MADV_FREE. */
const OR_ZERO = 1 << 8
/** Nobody can say: a call failed half-way, or two CPUs raced. */
const UNSURE = 1 << 9
const VALUE = 255
/** Halves of a page that are told apart by their tags: four bits each, and one that says "or 0". */
const HALVES = [0, 1] as const
const TAG = 15
const TAG_BITS = 4
/** The half, 0 or 1, shifts it. */
const TAG_OR_ZERO = 1 << 8
const TAGS_UNSURE = 1 << 10

function tagOfHalf(tags: number, half: number): number {
  return (tags >> (TAG_BITS * half)) & TAG
}

/** Values of the shared pages of a world. */
export class SharedPages {
  values = new Int16Array(1024)
  tags = new Int16Array(1024)
  count = 1

  /** Numbers for `n` new shared pages of zeroes; the first one. */
  add(n: number): number {
    const first = this.count
    this.count += n
    if (this.count > this.values.length) {
      const grown = new Int16Array(2 * this.count)
      grown.set(this.values)
      this.values = grown
      const tags = new Int16Array(2 * this.count)
      tags.set(this.tags)
      this.tags = tags
    }
    return first
  }
}

/** What one process must find in the arena `[base, base + pages)`. */
export class Oracle {
  readonly values: Int16Array
  /** The memory tags of each page: of the granules of its first half, and of its second. */
  readonly tags: Int16Array
  /** Number of the shared page mapped there, 0 for private memory. */
  readonly shared: Int32Array

  constructor(
    readonly base: number,
    readonly pages: number,
    readonly world: SharedPages
  ) {
    this.values = new Int16Array(pages)
    this.tags = new Int16Array(pages)
    this.shared = new Int32Array(pages)
  }

  /** New private memory, or shared memory, of zeroes. */
  map(vpn: number, nr: number, shared: boolean): void {
    this.zero(vpn, nr)
    if (!shared) return
    const first = this.world.add(nr)
    for (let i = 0; i < nr; i++) this.shared[vpn - this.base + i] = first + i
  }

  /** Whatever was mapped there is gone. */
  zero(vpn: number, nr: number): void {
    this.values.fill(0, vpn - this.base, vpn - this.base + nr)
    this.tags.fill(0, vpn - this.base, vpn - this.base + nr)
    this.shared.fill(0, vpn - this.base, vpn - this.base + nr)
  }

  /** MADV_DONTNEED: private pages read as zeroes again, shared ones stay what they are. */
  discard(vpn: number, nr: number): void {
    for (let at = vpn - this.base; at < vpn - this.base + nr; at++)
      if (this.shared[at] === 0) this.values[at] = this.tags[at] = 0
  }

  write(vpn: number, value: number): void {
    const at = vpn - this.base
    if (this.shared[at] === 0) this.values[at] = value
    else this.world.values[this.shared[at]] = value
  }

  /** The page is tagged, or its second half. */
  tag(vpn: number, tag: number, half = false): void {
    const at = vpn - this.base
    let tags = half ? this.#tagsOf(vpn) : 0
    for (const i of half ? [1] : HALVES) {
      tags &= ~((TAG << (TAG_BITS * i)) | (TAG_OR_ZERO << i))
      tags |= tag << (TAG_BITS * i)
    }
    if (this.shared[at] === 0) this.tags[at] = tags
    else this.world.tags[this.shared[at]] = tags
  }

  /** Whether the process may find just these tags on the halves of the page. */
  allowsTags(vpn: number, found: readonly [number, number]): boolean {
    const expected = this.#tagsOf(vpn)
    if ((expected & TAGS_UNSURE) !== 0) return true
    return HALVES.every((i) => {
      if (found[i] === tagOfHalf(expected, i)) return true
      return found[i] === 0 && (expected & (TAG_OR_ZERO << i)) !== 0
    })
  }

  /** What `allowsTags` would take, in words. */
  expectedTags(vpn: number): string {
    const expected = this.#tagsOf(vpn)
    const [first, second] = HALVES.map((i) => {
      const tag = tagOfHalf(expected, i).toString(16)
      return (expected & (TAG_OR_ZERO << i)) !== 0 ? `${tag} or 0` : tag
    })
    return first === second ? first : `${first}, then ${second}`
  }

  #tagsOf(vpn: number): number {
    const at = vpn - this.base
    return this.shared[at] === 0 ? this.tags[at] : this.world.tags[this.shared[at]]
  }

  /** Either what it holds or zero, until it is written again. */
  orZero(vpn: number, nr: number): void {
    for (let at = vpn - this.base; at < vpn - this.base + nr; at++)
      if (this.shared[at] === 0) {
        this.values[at] |= OR_ZERO
        for (const i of HALVES) this.tags[at] |= TAG_OR_ZERO << i
      }
  }

  /** Nobody can say what a call left of the mapping: neither contents nor tags. */
  lost(vpn: number, nr: number): void {
    this.unsure(vpn, nr)
    for (let at = vpn - this.base; at < vpn - this.base + nr; at++) this.tags[at] |= TAGS_UNSURE
  }

  unsure(vpn: number, nr: number): void {
    for (let i = 0; i < nr; i++) {
      const at = vpn - this.base + i
      if (this.shared[at] === 0) this.values[at] |= UNSURE
      else this.world.values[this.shared[at]] |= UNSURE
    }
  }

  /** Whether the process may find `value` there. */
  allows(vpn: number, value: number): boolean {
    const at = vpn - this.base
    const expected = this.shared[at] === 0 ? this.values[at] : this.world.values[this.shared[at]]
    if ((expected & UNSURE) !== 0 || (expected & VALUE) === value) return true
    return (expected & OR_ZERO) !== 0 && value === 0
  }

  /** What `allows` would take, in words. */
  expected(vpn: number): string {
    const at = vpn - this.base
    const expected = this.shared[at] === 0 ? this.values[at] : this.world.values[this.shared[at]]
    return (expected & OR_ZERO) !== 0 ? `${expected & VALUE} or 0` : String(expected & VALUE)
  }

  move(from: number, nr: number, to: number): void {
    const values = this.values.slice(from - this.base, from - this.base + nr)
    const tags = this.tags.slice(from - this.base, from - this.base + nr)
    const shared = this.shared.slice(from - this.base, from - this.base + nr)
    this.zero(from, nr)
    this.tags.set(tags, to - this.base)
    this.values.set(values, to - this.base)
    this.shared.set(shared, to - this.base)
  }

  /** What a child must find: private pages as they are now, shared ones together with the parent. */
  fork(): Oracle {
    const child = new Oracle(this.base, this.pages, this.world)
    child.values.set(this.values)
    child.tags.set(this.tags)
    child.shared.set(this.shared)
    return child
  }
}

/**
 * Address spaces: an mm with its VMAs. Addresses are counted in pages (vpn) throughout; a 48-bit
 * address has more page numbers than 32 bits hold, so vpn are plain numbers, never bit-shifted.
 */

/** VM_* flags as far as the simulator knows them. */
export const VM_READ = 1
export const VM_WRITE = 2
export const VM_SHARED = 8
export const VM_MAYWRITE = 0x20
export const VM_HUGEPAGE = 0x100
export const VM_NOHUGEPAGE = 0x200

/** One contiguous range with one set of flags. */
export interface Vma {
  /** First page. */
  start: number
  /** Page after the last one. */
  end: number
  flags: number
  /** Number of its anon_vma, 0 while nothing anonymous was faulted in. */
  anonVma: number
}

/** An address space. */
export class Mm {
  /** Sorted by address, never overlapping. */
  readonly vmas: Vma[] = []
  /** MM_ANONPAGES: anonymous pages mapped. */
  anonPages = 0
  /** Last-level tables kept back for PMD leaves, one each, so that splitting one cannot fail. */
  deposited = 0

  constructor(
    readonly pid: number,
    /** The top-level table. */
    readonly root: number,
    /** The machine's counters. */
    readonly totals: Float64Array,
    /** What was counted on behalf of this mm alone. */
    readonly own = new Float64Array(totals.length)
  ) {}

  /** Counts `n` occurrences of counter number `index`. */
  count(index: number, n: number): void {
    this.totals[index] += n
    this.own[index] += n
  }

  /** Index of the first VMA that ends after `vpn`, or `vmas.length`. */
  vmaIndex(vpn: number): number {
    let low = 0
    let high = this.vmas.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.vmas[middle].end > vpn) high = middle
      else low = middle + 1
    }
    return low
  }

  /** The VMA that holds `vpn`. */
  vmaAt(vpn: number): Vma | undefined {
    const vma = this.vmas[this.vmaIndex(vpn)]
    return vma !== undefined && vma.start <= vpn ? vma : undefined
  }

  /** Adds a VMA where none is. */
  insertVma(vma: Vma): void {
    this.vmas.splice(this.vmaIndex(vma.start), 0, vma)
  }

  /** Cuts the VMA that straddles `vpn` into two; nothing else changes, folded blocks least of all. */
  splitVma(vpn: number): void {
    const index = this.vmaIndex(vpn)
    const vma = this.vmas[index]
    if (vma === undefined || vma.start >= vpn) return
    this.vmas.splice(index + 1, 0, { ...vma, start: vpn })
    vma.end = vpn
  }

  /** Merges neighbours that became equal in and around `[start, end]`. Entries do not notice. */
  mergeVmas(start: number, end: number): void {
    const { vmas } = this
    let i = Math.max(0, this.vmaIndex(start) - 1)
    while (i + 1 < vmas.length && vmas[i].start <= end) {
      if (!mergeable(vmas[i], vmas[i + 1])) {
        i++
        continue
      }
      vmas[i].end = vmas[i + 1].end
      vmas[i].anonVma ||= vmas[i + 1].anonVma
      vmas.splice(i + 1, 1)
    }
  }
}

/** Whether the kernel makes one VMA of two neighbours: equal flags, and no two different anon_vmas. */
function mergeable(left: Vma, right: Vma): boolean {
  return (
    left.end === right.start &&
    left.flags === right.flags &&
    (left.anonVma === right.anonVma || left.anonVma === 0 || right.anonVma === 0)
  )
}

/** Whether stores must first copy what others share: private and possibly writable. */
export function isCowMapping(vma: Vma): boolean {
  return (vma.flags & (VM_SHARED | VM_MAYWRITE)) === VM_MAYWRITE
}

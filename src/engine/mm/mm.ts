/**
 * Address spaces: an mm with its VMAs. Addresses are counted in pages (vpn) throughout; a 48-bit
 * address has more page numbers than 32 bits hold, so vpn are plain numbers, never bit-shifted.
 */

/** VM_* flags as far as the simulator knows them. */
export const VM_READ = 1
export const VM_WRITE = 2
export const VM_EXEC = 4
export const VM_SHARED = 8
export const VM_MAYWRITE = 0x20
export const VM_HUGEPAGE = 0x100
export const VM_NOHUGEPAGE = 0x200
/** Registered with userfaultfd for write-protection; fork drops it unless VM_UFFD_FORK. */
export const VM_UFFD_WP = 0x1000
/** That userfaultfd asked for fork events (UFFD_FEATURE_EVENT_FORK). */
export const VM_UFFD_FORK = 0x4000
/** mlock. */
export const VM_LOCKED = 0x2000
/** MADV_DONTFORK. */
export const VM_DONTCOPY = 0x20000
/** Never merges with a neighbour and never grows: HugeTLB mappings. */
export const VM_DONTEXPAND = 0x40000
/** Maps HugeTLB pages. */
export const VM_HUGETLB = 0x400000
/** MADV_WIPEONFORK. */
export const VM_WIPEONFORK = 0x2000000

/** PROT_MTE: tags are seen and checked. mprotect can add it, and never takes it away. */
export const VM_MTE = 1 << 27

/** What mprotect changes. */
export const VM_ACCESS = VM_READ | VM_WRITE | VM_EXEC

/** MMF_* flags of an address space: `Mm.flags`. */
/** Registered with khugepaged. */
export const MMF_VM_HUGEPAGE = 1 << 0
/** prctl(PR_SET_THP_DISABLE); fork inherits it. */
export const MMF_DISABLE_THP = 1 << 1
/** Pages of it were pinned once: fork must look at each. */
export const MMF_HAS_PINNED = 1 << 2

/** What a VMA maps if it is not private anonymous memory. */
export interface MappedFile {
  readonly name: string
}

/** `swap_readahead_info` of a VMA: the last window read ahead, and the pages of it that were wanted. */
export interface SwapWindow {
  /** Where the last fault was. */
  readonly vpn: number
  readonly pages: number
  readonly hits: number
}

/** One contiguous range with one set of flags. */
export interface Vma {
  /** First page. */
  start: number
  /** Page after the last one. */
  end: number
  flags: number
  /** Number of its anon_vma, 0 while nothing anonymous was faulted in. */
  anonVma: number
  /**
   * vm_pgoff: page offset in its file; for anonymous memory the page number it was mapped at, which
   * mremap keeps once pages are there. Neighbours merge only where it runs on.
   */
  pgoff: number
  /** anon_vmas of parents it is linked to besides its own: fork adds one a generation. */
  inherited: number
  /** What it maps; private anonymous memory has none. */
  file?: MappedFile | undefined
  /** How swapped pages of it were read ahead last; nothing where none was. */
  swapWindow?: SwapWindow
  /** With VM_HUGETLB: what it knows of its pool. */
  huge?: HugeMapping | undefined
}

/** What a VMA of HugeTLB pages has besides: `vm_private_data` of a private mapping. */
export interface HugeMapping {
  /** Order of its pages. */
  readonly order: number
  /**
   * Indices of its file whose reserved page was used up, where the mapping reserved pages and this is
   * the process that did (HPAGE_RESV_OWNER). Cut VMAs share it.
   */
  readonly consumed?: Set<number>
  /** The owner took a page away from it: what is missing now is never faulted in (HPAGE_RESV_UNMAPPED). */
  readonly unmapped?: boolean
}

/** A VMA of private anonymous memory as mmap makes it. */
export function anonymousVma(start: number, end: number, flags: number): Vma {
  return { start, end, flags, anonVma: 0, pgoff: start, inherited: 0 }
}

/** An address space, however its counts are kept. */
export abstract class AnyMm {
  /** Sorted by address, never overlapping. */
  readonly vmas: Vma[] = []
  /** MM_ANONPAGES: anonymous pages mapped. */
  abstract anonPages: number
  /** MM_FILEPAGES and MM_SHMEMPAGES: pages of files mapped. */
  abstract filePages: number
  /** Last-level tables kept back for PMD leaves, one each, so that splitting one cannot fail. */
  abstract deposited: number
  /** Base pages mapped by HugeTLB entries; no part of the resident set. */
  abstract hugetlbPages: number
  /** MM_SWAPENTS: swap entries in the tables. */
  abstract swapEntries: number
  /** What a tag that does not match does: `prctl(PR_SET_TAGGED_ADDR_CTRL)`. fork inherits it. */
  tagCheck: 'none' | 'sync' | 'async' = 'none'
  /** An asynchronous tag check failed since the kernel was last entered. */
  tagFault = false
  /** MMF_* bits. */
  abstract flags: number
  /** Reclaim or migration put off the end of a flush: see `tlb-batched.ts`. */
  tlbFlushBatched = false
  /** Its last user is gone: nothing runs in it any more. */
  exiting = false
  /** Page frames pinned through this mm and not unpinned yet, in order. */
  readonly pinned: number[] = []

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

  /** Adds a VMA where none is, as it is: `vma.ts` merges. */
  insertVma(vma: Vma): void {
    this.vmas.splice(this.vmaIndex(vma.start), 0, vma)
    this.vmasChanged()
  }

  /** Takes a VMA out of the list. */
  removeVma(vma: Vma): void {
    this.vmas.splice(this.vmas.indexOf(vma), 1)
    this.vmasChanged()
  }

  /** Called after every change of a VMA, and of which there are: for whoever traces the mm. */
  vmasChanged(): void {
    // Nobody does.
  }
}

/** An address space. */
export class Mm extends AnyMm {
  anonPages = 0
  filePages = 0
  deposited = 0
  swapEntries = 0
  hugetlbPages = 0
  flags = 0
}

/** Whether stores must first copy what others share: private and possibly writable. */
export function isCowMapping(vma: Vma): boolean {
  return (vma.flags & (VM_SHARED | VM_MAYWRITE)) === VM_MAYWRITE
}

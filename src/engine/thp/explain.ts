/**
 * What the next store to an empty page would be given, and why not something larger: the decision of a
 * fault taken apart. Looking never counts and changes nothing.
 * Source: reference `thp-sysfs.md` sections 5 and 6, `oneplus.md` sections 2 and 8; the tests are those of
 * `orders.ts`, which faults go through.
 */
import { isPmdLeaf } from '../arch/descriptor'
import { suitableBlock, VM_CHP } from '../mm/exposed/block'
import { filePageOrder, FileMapping } from '../mm/file'
import { VM_HUGEPAGE, VM_HUGETLB, VM_SHARED, VM_WRITE, type Mm, type Vma } from '../mm/mm'
import { compactionWouldGive, faultEffort, type Effort } from '../mm/pressure'
import { isUserfaultArmed } from '../mm/userfault'
import { findPmd, findSlot } from '../mm/walk'
import type { World } from '../world'
import { orderFits, settingRefusal, vmaRefusal, type SettingRefusal, type VmaRefusal } from './orders'
import type { SizeEnabled, TopEnabled } from './settings'
import { anonOrders, sizeDirectory } from './sizes'

/**
 * Why a size is, or is not, what a store gets: refused by settings or the VMA; by where the page lies
 * (`vma-bounds`) or what is mapped around it (`entries-taken`, `table-there`); `larger-first` and
 * `no-memory` of those that are allowed, and `used` of the one that is taken.
 */
export type SizeReason =
  | SettingRefusal
  | VmaRefusal
  | 'version'
  | 'not-anonymous'
  | 'not-marked'
  | 'userfaultfd'
  | 'not-writable'
  | 'vma-bounds'
  | 'entries-taken'
  | 'table-there'
  | 'pool-empty'
  | 'no-memory'
  | 'larger-first'
  | 'used'

/** One size of folio as a store to one page meets it. */
export interface SizeDecision {
  readonly order: number
  readonly bytes: number
  /** What the size's own `enabled` says; undefined where the kernel has no such file. */
  readonly setting: SizeEnabled | undefined
  /** The same with `inherit` resolved; `never` for sizes the kernel does not know. */
  readonly policy: TopEnabled
  /** Settings, advice and prctl allow it in this VMA. */
  readonly allowed: boolean
  readonly reason: SizeReason
  /** The reason as a sentence. */
  readonly why: string
}

/** What a store to one page of a VMA would do now. */
export interface StoreDecision {
  /** The order of the folio the next store maps; undefined where the page is mapped already, or is not writable. */
  readonly order: number | undefined
  /** From the largest size of the granule to the smallest. */
  readonly sizes: readonly SizeDecision[]
}

/** What decides: a world that runs, or what is known of one; where nothing is known of memory there is enough. */
export type DecidingWorld =
  | World
  | (Pick<World, 'kernel' | 'thp' | 'geometry' | 'tables'> & { readonly memory?: KnownMemory | undefined })

/** The largest free block of memory, and when that was looked at: for a sentence, such as `at event 12`. */
export interface KnownMemory {
  readonly largestFree: number
  readonly seen: string
}

type DecidingMm = Pick<Mm, 'root' | 'flags'>
type DecidingVma = Pick<Vma, 'start' | 'end' | 'flags'> &
  Partial<Pick<Vma, 'pgoff' | 'huge'>> & { readonly file?: unknown }

/** The decision for a store to page `vpn` of `vma`. */
export function explainStore(
  world: DecidingWorld,
  mm: DecidingMm,
  vma: DecidingVma,
  vpn: number
): StoreDecision {
  const nothing = (vma.flags & VM_WRITE) === 0 || entryTaken(world, mm, vpn)
  let used: number | undefined
  const sizes = anonOrders(world.geometry)
    .reverse()
    .map((order): SizeDecision => {
      const refusal = refused(world, mm, vma, order)
      let reason: SizeReason = refusal ?? place(world, mm, vma, vpn, order) ?? 'used'
      if (reason === 'used' && used !== undefined) reason = 'larger-first'
      else if (reason === 'used') reason = memoryFor(world, vma, order)
      if (reason === 'used') used = order
      return {
        order,
        bytes: world.geometry.pageSize * 2 ** order,
        ...settingOf(world, order),
        allowed: refusal === undefined,
        reason,
        why: sentence(world, vma, vpn, order, reason)
      }
    })
  return { order: nothing ? undefined : (used ?? orderWithout(world, vma, vpn)), sizes }
}

/** The size's file, and what it comes to. */
function settingOf(
  { thp, kernel, geometry }: DecidingWorld,
  order: number
): Pick<SizeDecision, 'setting' | 'policy'> {
  const setting = kernel.thpFiles === 'linux-6.1' ? undefined : thp.sizes[order]
  // OnePlus asks no file: where the VMA is marked, the block is tried.
  if (kernel.faultOrders === 'exposed')
    return { setting, policy: order === geometry.contShift ? 'always' : 'never' }
  const known =
    kernel.faultOrders === 'per-size' || (kernel.faultOrders === 'pmd-only' && order === geometry.pmdOrder)
  const policy = known ? thp.sizes[order] : 'never'
  return { setting, policy: policy === 'inherit' ? thp.top : policy }
}

/** What is against a size wherever the page lies: version, kind of memory, advice, prctl, settings. */
function refused(
  { kernel, geometry, thp }: DecidingWorld,
  mm: DecidingMm,
  vma: DecidingVma,
  order: number
): SizeReason | undefined {
  if (kernel.faultOrders === 'exposed') {
    if (order !== geometry.contShift) return 'version'
    return (vma.flags & VM_CHP) === 0 ? 'not-marked' : undefined
  }
  if (kernel.faultOrders === 'pmd-only' && order !== geometry.pmdOrder) return 'version'
  if (vma.file !== undefined) return 'not-anonymous'
  return vmaRefusal(mm, vma.flags) ?? settingRefusal(thp, order, (vma.flags & VM_HUGEPAGE) !== 0)
}

/** What is against a size at this page: the VMA's bounds and what is mapped already. */
function place(
  world: DecidingWorld,
  mm: DecidingMm,
  vma: DecidingVma,
  vpn: number,
  order: number
): SizeReason | undefined {
  const { kernel, geometry } = world
  if ((vma.flags & VM_WRITE) === 0) return 'not-writable'
  if (order === geometry.pmdOrder) {
    if (!orderFits(vma, vpn, order)) return 'vma-bounds'
    const pmd = findPmd(world, mm, vpn)
    const attr = pmd === 0 ? 0 : world.tables.attr(pmd)
    if (attr === 0) return undefined
    return isPmdLeaf(attr) ? 'entries-taken' : 'table-there'
  }
  if (kernel.faultOrders === 'per-size' && isUserfaultArmed(vma)) return 'userfaultfd'
  const fits =
    kernel.faultOrders === 'exposed' ? suitableBlock(world, vma, vpn) >= 0 : orderFits(vma, vpn, order)
  if (!fits) return 'vma-bounds'
  const first = vpn - (vpn % 2 ** order)
  for (let i = 0; i < 2 ** order; i++) if (entryTaken(world, mm, first + i)) return 'entries-taken'
  return undefined
}

/** Whether anything stands in the entry of a page: a page, a zero page, a swap entry, a marker, or a leaf above it. */
function entryTaken(world: DecidingWorld, mm: DecidingMm, vpn: number): boolean {
  const slot = findSlot(world, mm, vpn)
  if (slot !== 0) return world.tables.attr(slot) !== 0
  const pmd = findPmd(world, mm, vpn)
  return pmd !== 0 && isPmdLeaf(world.tables.attr(pmd))
}

/** What a store gets where no size of anonymous memory is: a shared page as the page cache has it, else one page. */
function orderWithout(world: DecidingWorld, vma: DecidingVma, vpn: number): number {
  const { file, flags, pgoff, start, huge } = vma
  if (huge !== undefined) return huge.order
  if (!isWorld(world) || pgoff === undefined || !(file instanceof FileMapping)) return 0
  return (flags & VM_SHARED) === 0 ? 0 : filePageOrder(world, file, pgoff + (vpn - start))
}

function isWorld(world: DecidingWorld): world is World {
  return 'folios' in world
}

/** Whether the allocator would give the size now: from free lists, or as hard as `defrag` lets it try. */
function memoryFor(
  world: DecidingWorld,
  vma: DecidingVma,
  order: number
): 'used' | 'pool-empty' | 'no-memory' {
  if (isWorld(world) && world.kernel.faultOrders === 'exposed') {
    const { blocks, buddy } = world.folios
    if (blocks.inUse >= blocks.limit) return 'pool-empty'
    return blocks.ready.length > 0 || buddy.largestFree >= order ? 'used' : 'no-memory'
  }
  if (isFree(world, order)) return 'used'
  // Whether a trace's machine could have compacted is not known: the sentence says that it would try.
  if (effortOf(world, vma) !== 'direct') return 'no-memory'
  return !isWorld(world) || compactionWouldGive(world, order) ? 'used' : 'no-memory'
}

/** Whether the free lists have so many pages in line. */
function isFree(world: DecidingWorld, order: number): boolean {
  const largest = isWorld(world) ? world.folios.buddy.largestFree : world.memory?.largestFree
  return largest === undefined || largest >= order
}

function effortOf({ kernel, thp }: DecidingWorld, vma: DecidingVma): Effort {
  return kernel.faultOrders === 'exposed' ? 'none' : faultEffort(thp, vma.flags)
}

/** Why memory is, or is not, there for a size that all else allows and no free block has. */
function memorySentence(world: DecidingWorld, vma: DecidingVma, order: number, given: boolean): string {
  const { thp, kernel } = world
  const seen = !isWorld(world) && world.memory !== undefined ? ` (${world.memory.seen})` : ''
  const pieces = `No free block of memory has ${2 ** order} pages in line${seen}`
  if (kernel.faultOrders === 'exposed') return `${pieces}.`
  const effort = effortOf(world, vma)
  if (effort === 'wake') return `${pieces}, and with defrag at ${thp.defrag} the fault only wakes kcompactd.`
  if (effort === 'none') return `${pieces}, and with defrag at ${thp.defrag} the fault does not compact.`
  if (!isWorld(world)) return `${pieces}: the fault compacts memory, which may make one.`
  return given
    ? `${pieces}: the fault compacts memory and gets one.`
    : `${pieces}, and compaction makes none now.`
}

function sentence(
  world: DecidingWorld,
  vma: DecidingVma,
  vpn: number,
  order: number,
  reason: SizeReason
): string {
  const { geometry, kernel } = world
  const nr = 2 ** order
  const first = vpn - (vpn % nr)
  const address = (page: number) => `0x${(page * geometry.pageSize).toString(16)}`
  const file = `${sizeDirectory(geometry, order)}/enabled`
  // 6.1 has one file for its one size.
  const from =
    kernel.thpFiles === 'linux-6.1' ? 'enabled is' : `${file} is inherit, and the top-level enabled is`
  const unadvised = 'and the VMA has no MADV_HUGEPAGE'
  const memory = memorySentence(world, vma, order, reason === 'used')
  const block = `the aligned block ${address(first)}-${address(first + nr)}`
  const sentences: Readonly<Record<SizeReason, string>> = {
    'size-never': `${file} is never.`,
    'size-madvise': `${file} is madvise, ${unadvised}.`,
    'top-never': `${from} never.`,
    'top-madvise': `${from} madvise, ${unadvised}.`,
    nohugepage: 'The VMA has MADV_NOHUGEPAGE.',
    prctl: 'The process switched huge pages off with PR_SET_THP_DISABLE.',
    version:
      kernel.faultOrders === 'exposed'
        ? `${kernel.name} knows one size: a contpte block.`
        : `${kernel.name} knows one size: the PMD's.`,
    'not-anonymous': notAnonymous(vma),
    'not-marked': 'The VMA has no name that the kernel marks for blocks.',
    'not-writable': 'The VMA may not be written: a store is SIGSEGV.',
    userfaultfd: 'The VMA is registered with userfaultfd: its faults take one page.',
    'vma-bounds': `${capital(block)} is not inside the VMA ${address(vma.start)}-${address(vma.end)}.`,
    'entries-taken': `An entry of ${block} is not empty.`,
    'table-there': `The PMD entry of ${block} has a page table already.`,
    'pool-empty': 'Blocks in use have reached the limit of their pool.',
    'no-memory': memory,
    'larger-first': 'A larger size is allowed and free, and is tried first.',
    used:
      kernel.faultOrders === 'exposed' || isFree(world, order)
        ? 'It is the largest size that is allowed, fits and is empty.'
        : memory
  }
  return sentences[reason]
}

/** Shared memory has settings of its own; large folios of it are not simulated, whatever they say. */
function notAnonymous({ file, flags }: DecidingVma): string {
  if ((flags & VM_HUGETLB) !== 0) return 'The VMA maps HugeTLB pages, which come from a pool of their own.'
  return file instanceof FileMapping && file.shmem
    ? 'The VMA maps shared memory, which shmem_enabled concerns; it is simulated in single pages whatever that says.'
    : 'The VMA maps a file or shared memory, which these settings do not concern.'
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}

/**
 * The advice that only sets VMA flags, and the walk over VMAs that all advice shares.
 * Source: Linux 6.1 and 6.12, mm/madvise.c (`madvise_walk_vmas`, `madvise_update_vma`).
 */
import { FN } from '../trace/functions'
import type { World } from '../world'
import { khugepagedEnterVma } from './khugepaged'
import { VM_DONTCOPY, VM_HUGEPAGE, VM_NOHUGEPAGE, VM_SHARED, VM_WIPEONFORK, type Mm, type Vma } from './mm'
import { modifyVma } from './vma'

/** What became of one VMA's part: an errno stops the walk. */
export type Advised = 'EINVAL' | 'EAGAIN' | 'EBUSY' | 'ENOMEM' | 'EFAULT' | undefined

/** Advice that changes flags: what it sets and clears. */
const FLAG_CHANGES = {
  hugepage: [VM_HUGEPAGE, VM_NOHUGEPAGE],
  nohugepage: [VM_NOHUGEPAGE, VM_HUGEPAGE],
  dontfork: [VM_DONTCOPY, 0],
  dofork: [0, VM_DONTCOPY],
  wipeonfork: [VM_WIPEONFORK, 0],
  keeponfork: [0, VM_WIPEONFORK]
} as const

export type FlagAdvice = keyof typeof FLAG_CHANGES

export function isFlagAdvice(advice: string): advice is FlagAdvice {
  return Object.hasOwn(FLAG_CHANGES, advice)
}

/**
 * Advises the part of each VMA in `[start, end)`, ascending. Holes are passed over; the answer is then
 * `ENOMEM`, unless one part failed before.
 */
export function walkVmas(
  mm: Mm,
  start: number,
  end: number,
  advise: (vma: Vma, start: number, end: number) => Advised
): Advised {
  let hole = false
  for (let at = start; at < end;) {
    const index = mm.vmaIndex(at)
    if (index === mm.vmas.length) return 'ENOMEM'
    const vma = mm.vmas[index]
    if (vma.start > at) {
      hole = true
      at = vma.start
      if (at >= end) break
    }
    const to = Math.min(vma.end, end)
    const failed = advise(vma, at, to)
    if (failed !== undefined) return failed
    // Merged with the VMA that follows: that one is as advised already.
    at = Math.max(to, mm.vmaAt(to - 1)?.end ?? to)
  }
  return hole ? 'ENOMEM' : undefined
}

/** Sets and clears the flags of `advice` on one VMA's part, which may split and merge it. */
export function adviseFlags(
  world: World,
  mm: Mm,
  vma: Vma,
  start: number,
  end: number,
  advice: FlagAdvice
): Advised {
  const [set, clear] = FLAG_CHANGES[advice]
  if (advice === 'wipeonfork' && (vma.file !== undefined || (vma.flags & VM_SHARED) !== 0)) return 'EINVAL'
  if (advice === 'hugepage' || advice === 'nohugepage') world.calls[FN.hugepage_madvise]++
  const flags = (vma.flags & ~clear) | set
  if (flags === vma.flags) return undefined
  const changed = modifyVma(world, mm, vma, start, end, flags)
  if ((flags & VM_HUGEPAGE) !== 0) khugepagedEnterVma(world, mm, changed, flags)
  return undefined
}

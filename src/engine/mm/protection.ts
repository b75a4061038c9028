/**
 * From VMA flags to page protections, and what changing a protection keeps of an entry.
 * Source: Linux 6.1 and 6.12, arch/arm64/mm/mmap.c (`protection_map`), asm/pgtable.h (`pte_modify`);
 * reference `architecture.md` section 2.
 */
import {
  PAGE_READONLY,
  PROT_NONE,
  PXN,
  RDONLY,
  TAGGED,
  USER,
  UXN,
  VALID,
  WRITE,
  DIRTY,
  mkdirty
} from '../arch/descriptor'
import { VM_EXEC, VM_MTE, VM_READ, VM_SHARED, VM_WRITE } from './mm'

/** No access: invalid for hardware, present for the kernel. */
export const PAGE_NONE = (PAGE_READONLY & ~(VALID | USER)) | PROT_NONE

/** What `pte_modify` takes from the new protection; all else stays. */
const PROTECTION = USER | PXN | UXN | RDONLY | PROT_NONE | VALID | WRITE | TAGGED

/**
 * `vm_get_page_prot`: the protection of a fresh entry of a VMA, young and clean. Private mappings are
 * never writable by it: the first store must come through a fault.
 */
export function pageProtection(vmaFlags: number): number {
  const tagged = (vmaFlags & VM_MTE) === 0 ? 0 : TAGGED
  if ((vmaFlags & (VM_READ | VM_WRITE | VM_EXEC)) === 0) return PAGE_NONE | tagged
  const shared = (vmaFlags & (VM_SHARED | VM_WRITE)) === (VM_SHARED | VM_WRITE)
  const access = (shared ? PAGE_READONLY | WRITE : PAGE_READONLY) | tagged
  return (vmaFlags & VM_EXEC) === 0 ? access : access & ~UXN
}

/** `pte_modify`: the entry under another protection; dirty survives, also what hardware recorded. */
export function modifyProtection(attr: number, protection: number): number {
  const hardwareDirty = (attr & (WRITE | RDONLY)) === WRITE
  const kept = hardwareDirty ? attr | DIRTY : attr
  const changed = (kept & ~PROTECTION) | (protection & PROTECTION)
  return (changed & DIRTY) === 0 ? changed : mkdirty(changed)
}

/** VM_* flags of a `prot` argument: letters r, w, x and m (PROT_MTE), or none. */
export function accessFlags(prot: string): number {
  if (prot === 'none') return 0
  return (
    (prot.includes('r') ? VM_READ : 0) |
    (prot.includes('w') ? VM_WRITE : 0) |
    (prot.includes('x') ? VM_EXEC : 0) |
    (prot.includes('m') ? VM_MTE : 0)
  )
}

/** What a fault is asked for, and whether a VMA may be accessed at all. Source: linux-6.12 include/linux/mm.h. */
import { VM_EXEC, VM_READ, VM_WRITE, type Vma } from './mm'

/** Flags of a fault. */
export const FAULT_WRITE = 1
/** GUP wants a page of its own to read from (FAULT_FLAG_UNSHARE). */
export const FAULT_UNSHARE = 2

/** `vma_is_accessible`. */
export function isAccessible(vma: Vma): boolean {
  return (vma.flags & (VM_READ | VM_WRITE | VM_EXEC)) !== 0
}

/** What follows from a kernel's record in several rooms: names of functions, the generation of its files. */
import type { KernelRecord } from './record'

/** Whether the functions go by the names of 6.12, not of 6.1. */
export function isModern({ kernel }: { readonly kernel: Pick<KernelRecord, 'functionNames'> }): boolean {
  return kernel.functionNames === 'linux-6.12'
}

/**
 * Whether sysfs is that of 6.11 or later: each size has `shmem_enabled`, and only what allows the PMD size
 * runs khugepaged, whichever file says so.
 */
export function hasFilesOf611({ thpFiles }: Pick<KernelRecord, 'thpFiles'>): boolean {
  return thpFiles === 'linux-6.11' || thpFiles === 'linux-6.12'
}

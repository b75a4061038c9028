/** Under which names a kernel's functions are counted. */
import type { KernelRecord } from './record'

/** Whether the functions go by the names of 6.12, not of 6.1. */
export function isModern({ kernel }: { readonly kernel: Pick<KernelRecord, 'functionNames'> }): boolean {
  return kernel.functionNames === 'linux-6.12'
}

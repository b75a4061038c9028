import { AF, DIRTY, MIGRATION, SWAP_EXCLUSIVE, UFFD_WP, WRITE, isDirty } from '../arch/descriptor'

/**
 * The migration entry for a present one, or for a leaf; `exclusive` as the page was. What was young,
 * dirty and writable stays in its own lane bit, where the kernel has types and offset bits for it.
 */
export function migrationEntry(attr: number, exclusive: boolean): number {
  const dirty = isDirty(attr) ? DIRTY : 0
  return MIGRATION | (exclusive ? SWAP_EXCLUSIVE : 0) | (attr & (WRITE | AF | UFFD_WP)) | dirty
}

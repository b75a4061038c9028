/**
 * Which recorded function names are compared. The engine counts the functions in `FUNCTION_NAMES`
 * under the kernel's own names, and each of those is compared unless it stands here; every other name
 * that occurs in a recording stands here with the reason why it is left out.
 */
import { FUNCTION_NAMES } from '../../engine/trace/functions'
import type { World } from '../../engine/world'

const GROUPS: readonly (readonly [reason: string, names: readonly string[]])[] = [
  ['Counts pages of page tables, kernel stacks and slabs of the whole machine too.', ['clear_page']],
  [
    'Bookkeeping of the swap device, its slots and the swap cache: `pswpout`, `pswpin` and the entries in the tables say what happened.',
    [
      '__swap_count',
      '__swap_duplicate',
      '__swap_entry_free',
      'add_to_swap',
      'add_to_swap_cache',
      'delete_from_swap_cache',
      'folio_alloc_swap',
      'folio_free_swap',
      'free_swap_and_cache',
      'free_swap_and_cache_nr',
      'free_swap_slot',
      'get_swap_device',
      'get_swap_pages',
      'put_swap_folio',
      'swap_cache_get_folio',
      'swap_cgroup_record',
      'swap_duplicate',
      'swap_entry_range_free',
      'swap_free',
      'swap_free_nr',
      'swap_page_trans_huge_swapped',
      'swap_pte_batch',
      'swap_range_alloc',
      'swap_range_free',
      'swap_swapcount'
    ]
  ],
  [
    'Writing pages to the swap device and reading them back: block layer and zswap.',
    [
      '__folio_end_writeback',
      '__folio_start_writeback',
      '__swap_writepage',
      'bio_add_folio_nofail',
      'folio_clear_dirty_for_io',
      'folio_end_writeback',
      'folio_rotate_reclaimable',
      'get_obj_cgroup_from_folio',
      'ksm_might_need_to_copy',
      'swap_folio_sector',
      'swap_page_sector',
      'swap_read_folio',
      'swap_read_folio_bdev_sync',
      'swap_readpage',
      'swap_writepage',
      'swap_writepage_bdev_sync',
      'swapin_readahead',
      'zswap_folio_swapin',
      'zswap_invalidate',
      'zswap_is_enabled',
      'zswap_load',
      'zswap_never_enabled'
    ]
  ],
  [
    'How reclaim walks the folios it was given; what it did to entries and folios is compared.',
    [
      'folio_referenced',
      'folio_referenced_one',
      'madvise_pageout',
      'pmdp_clear_flush_young',
      'reclaim_folio_list',
      'reclaim_pages',
      'shrink_folio_list',
      'try_to_unmap',
      'try_to_unmap_flush_dirty',
      'try_to_unmap_one',
      'zap_install_uffd_wp_if_needed'
    ]
  ],
  [
    'Bookkeeping of the tree that holds the VMAs, not of memory tags: when its leaves split depends on mappings of the recording program that no recording shows.',
    ['mte_set_parent']
  ],
  [
    'Helpers of follow_page and GUP that 6.1 and 6.12 cut differently; pins are compared.',
    ['follow_huge_addr', 'follow_page_mask', 'gup_put_folio', 'gup_vma_lookup']
  ]
]

/** The same as a table for people: `docs/compare.md` holds it. */
export function leftOutTable(): string {
  const rows = GROUPS.map(
    ([reason, names]) => `| ${reason} | ${names.map((name) => `\`${name}\``).join(', ')} |`
  )
  return ['| why | functions |', '| --- | --- |', ...rows].join('\n')
}

/** Names that are not compared, each with its reason. */
export const LEFT_OUT: Readonly<Record<string, string>> = Object.fromEntries(
  GROUPS.flatMap(([reason, names]) => names.map((name) => [name, reason]))
)

/** Names that are compared. */
export const COMPARED: readonly string[] = FUNCTION_NAMES.filter((name) => !Object.hasOwn(LEFT_OUT, name))

const NAMES: ReadonlySet<string> = new Set(COMPARED)

/** Whether a function's count is compared. */
export function isCompared(name: string): boolean {
  return NAMES.has(name)
}

export type CountsTaken = Float64Array

/** The counters as they are now. */
export function takeCounts(world: World): CountsTaken {
  return world.calls.slice()
}

/** What was counted since, by the kernel's names, without the zeroes. */
export function countsSince(world: World, before: CountsTaken): Record<string, number> {
  const counts: Record<string, number> = {}
  FUNCTION_NAMES.forEach((name, k) => {
    const n = world.calls[k] - before[k]
    if (n !== 0 && isCompared(name)) counts[name] = n
  })
  return counts
}

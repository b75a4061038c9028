/**
 * /proc/vmstat events the model counts, by the kernel's names. Source: linux-6.12
 * include/linux/vm_event_item.h; moments of counting: reference `thp-sysfs.md` section 7,
 * `swap-reclaim.md`.
 */
export const VM_EVENT_NAMES = [
  'pgfault',
  'pgmajfault',
  'pgreuse',
  'pgactivate',
  'pgdeactivate',
  'pglazyfree',
  'pglazyfreed',
  'unevictable_pgs_culled',
  'pswpin',
  'pswpout',
  'swpin_zero',
  'swpout_zero',
  'swap_ra',
  'swap_ra_hit',
  'thp_fault_alloc',
  'thp_fault_fallback',
  'thp_fault_fallback_charge',
  'thp_collapse_alloc',
  'thp_split_page',
  'thp_split_page_failed',
  'thp_deferred_split_page',
  'thp_underused_split_page',
  'thp_split_pmd',
  'thp_zero_page_alloc',
  'thp_zero_page_alloc_failed',
  'thp_swpout',
  'thp_swpout_fallback',
  'allocstall_movable',
  'compact_stall',
  'compact_success',
  'compact_fail',
  'compact_daemon_wake',
  'pgmigrate_success',
  'htlb_buddy_alloc_success',
  'htlb_buddy_alloc_fail'
] as const

export type VmEventName = (typeof VM_EVENT_NAMES)[number]

/** Index of each event in `World.vm`. */
export const VM = Object.freeze(
  Object.fromEntries(VM_EVENT_NAMES.map((name, index) => [name, index]))
) as Readonly<Record<VmEventName, number>>

/** One slot an event, ordered as `VM_EVENT_NAMES`. */
export function newVmEvents(): Float64Array {
  return new Float64Array(VM_EVENT_NAMES.length)
}

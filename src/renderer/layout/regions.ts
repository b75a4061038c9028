/**
 * F6 goes around the regions of the window: title bar, experiment list, each group of the dock, status
 * bar. A region that had the focus gets it back where it was.
 */
const REGIONS = '[data-region], .dv-groupview'
const FOCUSABLE =
  'a[href], button:not(:disabled), input:not(:disabled), select:not(:disabled), textarea:not(:disabled), [tabindex]:not([tabindex="-1"])'

const last = new WeakMap<Element, HTMLElement>()

const visible = (element: Element) => element.getClientRects().length > 0

/** Remembers where the focus was in each region. Answers what ends it. */
export function rememberFocus(root: Document = document): () => void {
  const onFocus = (event: FocusEvent) => {
    if (!(event.target instanceof HTMLElement)) return
    const region = event.target.closest(REGIONS)
    if (region) last.set(region, event.target)
  }
  root.addEventListener('focusin', onFocus)
  return () => root.removeEventListener('focusin', onFocus)
}

/** Where the focus goes when a region is entered. */
function entrance(region: Element): HTMLElement | undefined {
  const before = last.get(region)
  if (before?.isConnected && visible(before) && before.tabIndex >= 0) return before
  const content = region.querySelector('.dv-content-container') ?? region
  const inside = [...content.querySelectorAll<HTMLElement>(FOCUSABLE)].find(visible)
  return inside ?? region.querySelector<HTMLElement>('[role=tab][aria-selected=true]') ?? undefined
}

/** Moves the focus to the next or previous region that can take it. */
export function cycleRegion(step: 1 | -1, root: Document = document): void {
  const regions = [...root.querySelectorAll(REGIONS)].filter(visible)
  if (regions.length === 0) return
  const at = regions.findIndex((region) => region.contains(root.activeElement))
  for (let i = 1; i <= regions.length; i++) {
    const start = at < 0 ? (step > 0 ? -1 : 0) : at
    const index = (((start + step * i) % regions.length) + regions.length) % regions.length
    const target = entrance(regions[index])
    if (!target) continue
    target.focus()
    return
  }
}

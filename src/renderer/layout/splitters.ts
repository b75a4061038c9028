/** How far an arrow key moves a splitter, in pixels; with Shift, further. */
const STEP = 16
const LONG_STEP = 64

/**
 * Makes the dock's splitters work by keyboard: they can be focused, say where they are, and move with
 * the arrow keys. A key becomes the drag it stands for, so that every limit of dragging holds.
 */
export function keyboardSplitters(root: HTMLElement): () => void {
  let asked = 0
  const update = () => {
    asked = 0
    for (const sash of root.querySelectorAll<HTMLElement>('.dv-sash')) describe(sash)
  }
  // Where a splitter is asks for a layout of everything: only for what moves one, and once a frame.
  const observer = new MutationObserver((mutations) => {
    if (mutations.some(movesSplitters)) asked ||= requestAnimationFrame(update)
  })
  observer.observe(root, {
    childList: true,
    subtree: true,
    attributes: true,
    attributeFilter: ['style', 'class']
  })
  root.addEventListener('keydown', onKey)
  update()
  return () => {
    observer.disconnect()
    cancelAnimationFrame(asked)
    root.removeEventListener('keydown', onKey)
  }
}

/** Whether a change is one of the dock itself: what panels do to their own elements moves no splitter. */
function movesSplitters({ target }: MutationRecord): boolean {
  return (
    target instanceof Element &&
    /(^|\s)dv-/.test(target.className.toString()) &&
    target.closest('.dv-content-container, .dv-render-overlay') === null
  )
}

const movesSideways = (sash: HTMLElement) =>
  sash.closest('.dv-split-view-container')?.classList.contains('dv-horizontal')

function set(element: HTMLElement, name: string, value: string): void {
  // Setting an attribute to what it is would wake the observer for ever.
  if (element.getAttribute(name) !== value) element.setAttribute(name, value)
}

function describe(sash: HTMLElement): void {
  const container = sash.closest<HTMLElement>('.dv-split-view-container')
  const sideways = movesSideways(sash)
  const length = sideways ? container?.offsetWidth : container?.offsetHeight
  const at = sideways ? sash.offsetLeft : sash.offsetTop
  const share = length ? Math.round((100 * at) / length) : 0
  set(sash, 'role', 'separator')
  set(sash, 'tabindex', sash.classList.contains('dv-disabled') ? '-1' : '0')
  set(sash, 'aria-orientation', sideways ? 'vertical' : 'horizontal')
  set(sash, 'aria-label', sideways ? 'Width of the groups beside it' : 'Height of the groups beside it')
  set(sash, 'aria-valuemin', '0')
  set(sash, 'aria-valuemax', '100')
  set(sash, 'aria-valuenow', String(Math.min(100, Math.max(0, share))))
}

function onKey(event: KeyboardEvent): void {
  const sash = event.target
  if (!(sash instanceof HTMLElement) || !sash.classList.contains('dv-sash')) return
  const [back, forth] = movesSideways(sash) ? ['ArrowLeft', 'ArrowRight'] : ['ArrowUp', 'ArrowDown']
  if (event.key !== back && event.key !== forth) return
  event.preventDefault()
  drag(sash, (event.key === back ? -1 : 1) * (event.shiftKey ? LONG_STEP : STEP))
}

function drag(sash: HTMLElement, distance: number): void {
  const box = sash.getBoundingClientRect()
  const x = box.left + box.width / 2
  const y = box.top + box.height / 2
  const [dx, dy] = movesSideways(sash) ? [distance, 0] : [0, distance]
  const at = (type: string, clientX: number, clientY: number, target: EventTarget) =>
    target.dispatchEvent(
      new PointerEvent(type, {
        bubbles: true,
        cancelable: true,
        clientX,
        clientY,
        pointerId: 1,
        isPrimary: true
      })
    )
  at('pointerdown', x, y, sash)
  at('pointermove', x + dx, y + dy, document)
  at('pointerup', x + dx, y + dy, document)
}

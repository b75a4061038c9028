/** Where the window was, if that is still on a screen. */
import { readFileSync } from 'node:fs'

export interface Rectangle {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

/** Pixels of the title bar, across and down, that must be on a screen: enough to drag the window by. */
const REACHABLE = { across: 100, down: 30 }

/**
 * The kept place of the window; nothing when there is none or its title bar could not be reached.
 * @param workAreas the screens that are there now
 */
export function restoredBounds(file: string, workAreas: readonly Rectangle[]): Rectangle | undefined {
  let kept: unknown
  try {
    kept = JSON.parse(readFileSync(file, 'utf8'))
  } catch {
    return undefined
  }
  const { x, y, width, height } = (
    typeof kept === 'object' && kept !== null ? kept : {}
  ) as Partial<Rectangle>
  if (![x, y, width, height].every(Number.isSafeInteger)) return undefined
  const bounds = { x, y, width, height } as Rectangle
  const reachable = workAreas.some((area) => {
    const across = Math.min(bounds.x + bounds.width, area.x + area.width) - Math.max(bounds.x, area.x)
    return (
      across >= REACHABLE.across && bounds.y >= area.y && bounds.y <= area.y + area.height - REACHABLE.down
    )
  })
  return reachable ? bounds : undefined
}

import * as v from 'valibot'
import type { SerializedDockview } from 'dockview-vue'

/** Splits nest no deeper than this in a layout we accept. */
const DEEPEST = 12

interface Leaf {
  type: 'leaf'
  size?: number
  data: { id: string; views: string[]; activeView?: string }
}
interface Branch {
  type: 'branch'
  size?: number
  data: Node[]
}
type Node = Leaf | Branch

const size = v.optional(v.pipe(v.number(), v.finite(), v.minValue(0), v.maxValue(100_000)))
const leaf = v.object({
  type: v.literal('leaf'),
  size,
  data: v.object({
    id: v.string(),
    views: v.array(v.string()),
    activeView: v.optional(v.string())
  })
})
const node: v.GenericSchema<unknown, Node> = v.variant('type', [
  leaf,
  v.object({ type: v.literal('branch'), size, data: v.lazy(() => v.array(node)) })
])
const layout = v.object({
  grid: v.object({
    root: node,
    height: v.pipe(v.number(), v.finite(), v.minValue(0)),
    width: v.pipe(v.number(), v.finite(), v.minValue(0)),
    orientation: v.picklist(['HORIZONTAL', 'VERTICAL'])
  }),
  activeGroup: v.optional(v.string())
})

/** A panel as the dock needs it to be put back. */
export interface KnownPanel {
  readonly id: string
  readonly component: string
  readonly title: string
}

/**
 * Makes a stored arrangement fit to be loaded: its shape is checked, panels that are not known (any
 * more) are left out, and so are groups that are then empty. What a panel is comes from `known`, never
 * from the stored text. Nothing when it is broken or nothing is left: the caller takes the default.
 */
export function readLayout(stored: unknown, known: readonly KnownPanel[]): SerializedDockview | undefined {
  if (depth(stored) > DEEPEST * 2 + 4) return undefined
  const parsed = v.safeParse(layout, stored)
  if (!parsed.success) return undefined
  const { grid, activeGroup } = parsed.output
  const left = new Map(known.map((panel) => [panel.id, panel]))
  const used: KnownPanel[] = []
  const groups = new Set<string>()

  const prune = (from: Node): Node | undefined => {
    if (from.type === 'branch') {
      const data = from.data.map(prune).filter((child) => child !== undefined)
      return data.length > 0 ? { ...from, data } : undefined
    }
    if (groups.has(from.data.id)) return undefined
    // A panel shown twice would be a second instance of it: the first place wins.
    const views = from.data.views.filter((id) => {
      const panel = left.get(id)
      if (!panel) return false
      left.delete(id)
      used.push(panel)
      return true
    })
    if (views.length === 0) return undefined
    groups.add(from.data.id)
    const { activeView } = from.data
    const data = { id: from.data.id, views, activeView: views.find((id) => id === activeView) ?? views[0] }
    return { ...from, data }
  }

  const root = prune(grid.root)
  if (!root) return undefined
  const branch: Branch = root.type === 'branch' ? root : { type: 'branch', data: [root] }
  const panels = Object.fromEntries(
    used.map(({ id, component, title }) => [
      id,
      { id, contentComponent: component, tabComponent: 'tab', title }
    ])
  )
  const data = {
    grid: { ...grid, root: branch },
    panels,
    ...(activeGroup !== undefined && groups.has(activeGroup) ? { activeGroup } : {})
  }
  return data as SerializedDockview
}

/** How deep objects nest, without recursion, so that a hostile file cannot exhaust the stack. */
function depth(value: unknown): number {
  let level: unknown[] = [value]
  let deep = 0
  while (level.length > 0 && deep <= DEEPEST * 4) {
    level = level.flatMap((item) => (typeof item === 'object' && item !== null ? Object.values(item) : []))
    deep++
  }
  return deep
}

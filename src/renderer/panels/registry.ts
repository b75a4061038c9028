import type { Component } from 'vue'

/** Where a panel is put until the user moves it; each preset arranges the areas in its own way. */
export type PanelArea = 'left' | 'editor' | 'results' | 'panels' | 'bottom' | 'time'

/**
 * One panel of the workbench. A folder `panels/<name>/index.ts` whose default export is one of these is
 * found by itself; nothing else has to be told. `panels/skeleton` is the one to copy.
 */
export interface PanelDefinition {
  /** Stable: it is stored in layouts and is the command `panel.show.<id>`. */
  readonly id: string
  /** Title of the tab and of the command, e.g. `Fork`. */
  readonly title: string
  readonly component: Component
  readonly area: PanelArea
  /** Position among the tabs of its area; lower first. Default 100. */
  readonly order?: number
  /** Live text after the title, e.g. `2` for two verdicts; a getter read inside a reactive effect. */
  readonly badge?: () => string | undefined
  /** Left out of production builds (the skeleton). */
  readonly development?: boolean
}

const modules = import.meta.glob<{ default: PanelDefinition }>('./*/index.ts', { eager: true })

/** All panels, by area order. Two panels of one id are a mistake of ours and throw. */
export const PANELS: readonly PanelDefinition[] = collect(
  Object.values(modules).map((module) => module.default)
)

/** Sorts panels and refuses two of one id. */
export function collect(definitions: readonly PanelDefinition[]): readonly PanelDefinition[] {
  const panels = definitions
    .filter((panel) => !panel.development)
    .sort((a, b) => (a.order ?? 100) - (b.order ?? 100) || (a.id < b.id ? -1 : 1))
  const seen = new Set<string>()
  for (const { id } of panels) {
    if (seen.has(id)) throw new Error(`two panels named ${id}`)
    seen.add(id)
  }
  return panels
}

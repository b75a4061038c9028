import type { DockviewApi, DockviewGroupPanel, IDockviewPanel } from 'dockview-vue'
import { shallowRef } from 'vue'
import { PANELS, type PanelDefinition } from '../panels/registry'
import type { OpenDocument } from '../stores/documents'
import type { Preset } from '../stores/shell'
import { arrangements } from './arrangements'
import { defaultLayout, placeOf } from './default'
import { readLayout, type KnownPanel } from './stored'

const EDITOR = 'editor:'

/** Panels that stay are moved, not made anew: they keep their state and the editor its scroll. */
const REUSE = { reuseExistingPanels: true }

/** Whether a panel of the dock is an experiment's editor. */
export const isEditorPanel = (id: string): boolean => id.startsWith(EDITOR)

/**
 * Makes a panel the active one. One that is in front of its group already stays where it is: taking it
 * out and putting it back would lose its scroll position and the focus inside.
 */
function bringToFront(panel: IDockviewPanel): void {
  if (panel.group.activePanel?.id !== panel.id) panel.api.setActive()
  else if (!panel.group.api.isActive) panel.group.api.setActive()
}

/** The workbench's dock: what is in it and where. One a window. */
export class Dock {
  private api: DockviewApi | undefined
  /** Set while a whole layout is put in place: removals are then not the user's. */
  private arranging = false
  /** The panel in front of the active group. */
  readonly activePanel = shallowRef<string>()
  readonly maximised = shallowRef(false)

  /** Takes over a ready dock. `closed` is told of tabs the user closes, `activated` of tabs in front. */
  attach(
    api: DockviewApi,
    on: { closed(id: string): void; activated(id: string): void; changed(): void }
  ): void {
    this.api = api
    api.onDidRemovePanel((panel) => {
      if (!this.arranging) on.closed(panel.id)
    })
    api.onDidActivePanelChange(({ panel }) => {
      this.activePanel.value = panel?.id
      if (panel && !this.arranging) on.activated(panel.id)
    })
    api.onDidMaximizedGroupChange(() => (this.maximised.value = api.hasMaximizedGroup()))
    api.onDidLayoutChange(() => {
      if (!this.arranging && !api.hasMaximizedGroup()) on.changed()
    })
  }

  /**
   * Puts a preset's arrangement in place: the user's own where one is stored and sound, else the
   * default. Answers false when a stored one was broken.
   */
  arrange(preset: Preset, documents: readonly OpenDocument[], front: string | undefined): boolean {
    const { api } = this
    if (!api) return true
    const stored = arrangements.of(preset)
    const known = this.known(documents)
    const layout = stored === undefined ? undefined : readLayout(stored, known)
    let sound = stored === undefined || layout !== undefined
    if (api.hasMaximizedGroup()) api.exitMaximizedGroup()
    this.arranging = true
    try {
      if (layout) api.fromJSON(layout, REUSE)
    } catch {
      sound = false
    }
    try {
      if (!layout || !sound) this.arrangeDefault(preset, known, documents, front)
    } finally {
      this.arranging = false
    }
    this.syncDocuments(documents, front)
    return sound
  }

  /** The arrangement as it stands, to be stored. */
  serialise(): unknown {
    return this.api?.toJSON()
  }

  private known(documents: readonly OpenDocument[]): KnownPanel[] {
    return [
      ...documents.map((open) => ({ id: open.key, component: 'editor', title: open.file })),
      ...PANELS.map((panel) => ({ id: panel.id, component: 'panel', title: panel.title }))
    ]
  }

  private arrangeDefault(
    preset: Preset,
    known: readonly KnownPanel[],
    documents: readonly OpenDocument[],
    front: string | undefined
  ): void {
    const api = this.api as DockviewApi
    const editors = documents.map((open) => open.key)
    const layout = readLayout(defaultLayout(preset, editors, front, PANELS, api), known)
    if (layout) api.fromJSON(layout, REUSE)
    else api.clear()
  }

  private addPanel(
    panel: PanelDefinition,
    position: { referenceGroup: DockviewGroupPanel; direction?: 'right' | 'below' | 'within' } | undefined,
    inactive: boolean
  ): IDockviewPanel {
    const { id, title } = panel
    const api = this.api as DockviewApi
    return api.addPanel({
      id,
      component: 'panel',
      tabComponent: 'tab',
      title,
      inactive,
      ...(position ? { position } : {})
    })
  }

  private addEditor(open: OpenDocument): IDockviewPanel {
    const api = this.api as DockviewApi
    const neighbour = api.panels.find((panel) => isEditorPanel(panel.id))
    const position = neighbour
      ? { referenceGroup: neighbour.group }
      : api.groups.length > 0
        ? { direction: 'left' as const }
        : undefined
    return api.addPanel({
      id: open.key,
      component: 'editor',
      tabComponent: 'tab',
      title: open.file,
      ...(position ? { position } : {})
    })
  }

  /** Adds and removes editor tabs so that they are the open documents, and brings one to the front. */
  syncDocuments(documents: readonly OpenDocument[], front: string | undefined): void {
    const { api } = this
    if (!api) return
    this.arranging = true
    try {
      const keys = new Set(documents.map((open) => open.key))
      for (const panel of api.panels) {
        if (isEditorPanel(panel.id) && !keys.has(panel.id)) api.removePanel(panel)
      }
      for (const open of documents) {
        if (!api.getPanel(open.key)) this.addEditor(open)
      }
    } finally {
      this.arranging = false
    }
    const panel = front === undefined ? undefined : api.getPanel(front)
    if (panel) bringToFront(panel)
  }

  /** Shows a panel, adding it where its area goes if it was closed. */
  show(id: string, preset: Preset): boolean {
    const { api } = this
    const panel = PANELS.find((known) => known.id === id)
    if (!api) return false
    const shown = api.getPanel(id)
    if (shown) {
      if (api.hasMaximizedGroup() && !shown.api.isMaximized()) api.exitMaximizedGroup()
      bringToFront(shown)
      return true
    }
    if (!panel) return false
    const place = placeOf(preset, panel.area)
    const near = api.panels.find((other) => {
      const known = PANELS.find((definition) => definition.id === other.id)
      return known !== undefined && placeOf(preset, known.area) === place
    })
    const editor = api.panels.find((other) => isEditorPanel(other.id))
    const position = near
      ? { referenceGroup: near.group }
      : editor && {
          referenceGroup: editor.group,
          direction: place === 'side' ? ('right' as const) : ('below' as const)
        }
    this.addPanel(panel, position, false)
    return true
  }

  /** Puts the focus into a panel, once it is drawn. */
  focusPanel(id: string): void {
    requestAnimationFrame(() => {
      const group = this.api?.getPanel(id)?.group.element
      const tab = group?.querySelector<HTMLElement>('[role=tab][aria-selected=true]')
      tab?.focus()
    })
  }

  /** Brings a panel to the front of its group without taking the focus from elsewhere. */
  reveal(id: string): void {
    const panel = this.api?.getPanel(id)
    if (!panel || panel.group.activePanel?.id === id) return
    const before = this.api?.activePanel
    panel.api.setActive()
    if (before) bringToFront(before)
  }

  close(id: string): void {
    const panel = this.api?.getPanel(id)
    if (panel) this.api?.removePanel(panel)
  }

  /** Moves the active panel one group in a direction; where there is none, it becomes a group of its own. */
  move(direction: 'left' | 'right' | 'up' | 'down'): string | undefined {
    const { api } = this
    const panel = api?.activePanel
    if (!api || !panel) return undefined
    const neighbour = api.adjacentGroupInDirection(panel.group, direction)
    const position = { left: 'left', right: 'right', up: 'top', down: 'bottom' } as const
    if (neighbour) {
      const group = api.groups.find((known) => known.id === neighbour.id)
      panel.api.moveTo({ group, position: 'center' })
    } else if (panel.group.panels.length > 1) {
      panel.api.moveTo({ group: panel.group, position: position[direction] })
    } else {
      return undefined
    }
    panel.api.setActive()
    return panel.title
  }

  /** Gives the active group the whole dock, or gives it back. */
  toggleMaximised(): void {
    const { api } = this
    if (!api) return
    if (api.hasMaximizedGroup()) api.exitMaximizedGroup()
    else if (api.activePanel) api.maximizeGroup(api.activePanel)
  }

  /** Brings the tab after or before the active one to the front of its group. */
  cycle(step: 1 | -1): void {
    const group = this.api?.activeGroup
    if (!group || group.panels.length === 0) return
    const at = group.panels.findIndex((panel) => panel.id === group.activePanel?.id)
    group.panels[(at + step + group.panels.length) % group.panels.length].api.setActive()
  }
}

export const dock = new Dock()

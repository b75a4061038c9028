import type { PanelArea, PanelDefinition } from '../panels/registry'
import type { Preset } from '../stores/shell'

/** The groups of a default arrangement: the editors, what stands beside them, what lies below them, and time below all. */
export type Place = 'editor' | 'side' | 'below' | 'time'

const PLACE_OF: Readonly<Record<Preset, Readonly<Record<PanelArea, Place>>>> = {
  write: { editor: 'editor', results: 'side', panels: 'side', left: 'side', bottom: 'below', time: 'below' },
  step: { editor: 'editor', results: 'below', panels: 'side', left: 'below', bottom: 'below', time: 'time' },
  compare: {
    editor: 'editor',
    results: 'below',
    panels: 'side',
    left: 'below',
    bottom: 'below',
    time: 'time'
  }
}

/** Shares of the dock: how wide the editors' column is, how high what lies below the editors and below all is. */
const SHARES: Readonly<
  Record<Preset, { readonly editor: number; readonly below: number; readonly time: number }>
> = {
  write: { editor: 0.54, below: 0.28, time: 0 },
  step: { editor: 0.3, below: 0.38, time: 0.32 },
  compare: { editor: 0.3, below: 0.38, time: 0.32 }
}

/** Height that both groups of lanes of a comparison take, with their bar, where the dock has twice as much, in pixels. */
const TWO_GROUPS = 320

/** In which group a preset puts an area. */
export const placeOf = (preset: Preset, area: PanelArea): Place => PLACE_OF[preset][area]

/**
 * A preset's own arrangement, in the form in which arrangements are stored.
 * @param editors ids of the editors, in order
 * @param size of the dock, in pixels
 */
export function defaultLayout(
  preset: Preset,
  editors: readonly string[],
  front: string | undefined,
  panels: readonly PanelDefinition[],
  size: { readonly width: number; readonly height: number }
): unknown {
  const share = SHARES[preset]
  const width = Math.round(size.width * share.editor)
  const inTime = panels.some((panel) => placeOf(preset, panel.area) === 'time')
  const least = preset === 'compare' ? Math.min(TWO_GROUPS, size.height * 0.45) : 0
  const time = inTime ? Math.round(Math.max(size.height * share.time, least)) : 0
  const upper = size.height - time
  const below = Math.round(upper * share.below)
  const inPlace = (place: Place) =>
    (['results', 'panels', 'left', 'bottom', 'time'] as const)
      .filter((area) => placeOf(preset, area) === place)
      .flatMap((area) => panels.filter((panel) => panel.area === area).map((panel) => panel.id))
  const leaf = (id: Place, views: readonly string[], length: number, activeView = views[0]) =>
    views.length === 0 ? [] : [{ type: 'leaf', size: length, data: { id, views: [...views], activeView } }]

  const column = [
    ...leaf(
      'editor',
      editors,
      upper - below,
      editors.find((id) => id === front)
    ),
    ...leaf('below', inPlace('below'), below)
  ]
  const data = [
    ...(column.length > 0 ? [{ type: 'branch', size: width, data: column }] : []),
    ...leaf('side', inPlace('side'), size.width - width)
  ]
  const belowAll = leaf('time', inPlace('time'), time)
  const root =
    belowAll.length === 0
      ? { type: 'branch', size: size.height, data }
      : { type: 'branch', size: size.width, data: [{ type: 'branch', size: upper, data }, ...belowAll] }
  return {
    grid: {
      root,
      width: size.width,
      height: size.height,
      orientation: belowAll.length === 0 ? 'HORIZONTAL' : 'VERTICAL'
    },
    activeGroup: 'editor'
  }
}

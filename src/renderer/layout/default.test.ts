import { describe, expect, it } from 'vitest'
import type { PanelDefinition } from '../panels/registry'
import { defaultLayout } from './default'
import { readLayout } from './stored'

const panel = (id: string, area: PanelDefinition['area']): PanelDefinition => ({
  id,
  title: id,
  area,
  component: {}
})
const PANELS = [panel('verdicts', 'results'), panel('fork', 'panels'), panel('console', 'bottom')]
const known = ['editor:a', ...PANELS.map(({ id }) => id)].map((id) => ({ id, component: 'panel', title: id }))
const size = { width: 1000, height: 700 }

/** Views of each group, by the group's id. */
function groups(layout: unknown): Record<string, string[]> {
  const found: Record<string, string[]> = {}
  const visit = (node: { type: string; data: unknown }) => {
    if (node.type === 'branch') (node.data as { type: string; data: unknown }[]).forEach(visit)
    else {
      const { id, views } = node.data as { id: string; views: string[] }
      found[id] = views
    }
  }
  visit((layout as { grid: { root: { type: string; data: unknown } } }).grid.root)
  return found
}

describe('defaultLayout', () => {
  it('puts results beside the editor to write, and below it to compare', () => {
    expect(groups(defaultLayout('write', ['editor:a'], undefined, PANELS, size))).toEqual({
      editor: ['editor:a'],
      below: ['console'],
      side: ['verdicts', 'fork']
    })
    expect(groups(defaultLayout('compare', ['editor:a'], undefined, PANELS, size))).toEqual({
      editor: ['editor:a'],
      below: ['verdicts', 'console'],
      side: ['fork']
    })
  })

  it('puts time below everything to step and to compare, and beside the console to write', () => {
    const all = [...PANELS, panel('timeline', 'time')]
    const place = (preset: 'write' | 'step' | 'compare') =>
      groups(defaultLayout(preset, ['editor:a'], undefined, all, size))
    expect(place('write').below).toEqual(['console', 'timeline'])
    expect(place('step').time).toEqual(['timeline'])
    expect(place('compare').time).toEqual(['timeline'])
    const names = ['editor:a', ...all.map(({ id }) => id)]
    const read = readLayout(
      defaultLayout('step', ['editor:a'], undefined, all, size),
      names.map((id) => ({ id, component: 'panel', title: id }))
    )
    expect(Object.keys(read?.panels ?? {})).toHaveLength(names.length)
  })

  it.each(['write', 'step', 'compare'] as const)('is a layout that can be read: %s', (preset) => {
    const read = readLayout(defaultLayout(preset, ['editor:a'], 'editor:a', PANELS, size), known)
    expect(Object.keys(read?.panels ?? {}).sort()).toEqual(known.map(({ id }) => id).sort())
  })

  it('makes no empty group without an experiment or a panel', () => {
    expect(groups(defaultLayout('write', [], undefined, PANELS, size))).toEqual({
      below: ['console'],
      side: ['verdicts', 'fork']
    })
    expect(groups(defaultLayout('write', ['editor:a'], undefined, [], size))).toEqual({
      editor: ['editor:a']
    })
  })
})

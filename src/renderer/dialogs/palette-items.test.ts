import { describe, expect, it } from 'vitest'
import type { Command } from '../commands/registry'
import { commandItems, openItems, searchItems } from './palette-items'

const command = (id: string, title: string, more: Partial<Command> = {}): Command => ({
  id,
  title,
  category: 'View',
  run: () => undefined,
  ...more
})

const commands = [
  command('layout.reset', 'Reset layout'),
  command('run.start', 'Run', { keys: ['Mod+Enter'] }),
  command('run.cancel', 'Cancel run', { enabled: () => false }),
  command('experiment.duplicate', 'Duplicate experiment')
]

describe('the palette', () => {
  it('lists what may run now, recent first, with its key', () => {
    const items = commandItems(commands, ['experiment.duplicate'])
    expect(items.map((item) => item.id)).toEqual(['experiment.duplicate', 'layout.reset', 'run.start'])
    expect(items[2].key).toMatch(/Enter$/)
  })

  it('finds words in any order and letters left out', () => {
    const items = commandItems(commands, [])
    expect(searchItems(items, 'layout reset').map((item) => item.id)).toEqual(['layout.reset'])
    expect(searchItems(items, 'dupl').map((item) => item.id)).toEqual(['experiment.duplicate'])
    expect(searchItems(items, 'zzz')).toEqual([])
    expect(searchItems(items, ' ')).toBe(items)
  })

  it('puts what was typed as it stands before what is only alike', () => {
    const items = commandItems(
      [command('a', 'Show Page tables & TLB'), command('b', 'Show Tables too'), command('c', 'Show Table')],
      []
    )
    expect(searchItems(items, 'show table').map((item) => item.id)).toEqual(['c', 'b', 'a'])
  })

  it('opens experiments, panels and runs by name', () => {
    const entry = {
      id: 'examples/fork-batching.ts',
      file: 'fork-batching.ts',
      title: 'Fork cost of folded blocks',
      topic: 'Fork batching',
      readOnly: true
    }
    const items = openItems([entry], [{ id: 'fork', title: 'Fork', component: {}, area: 'panels' }], [])
    expect(searchItems(items, 'fork').map((item) => item.id)).toContain('panel:fork')
    expect(searchItems(items, 'batching')[0].id).toBe('experiment:examples/fork-batching.ts')
  })
})

import { fc, test } from '@fast-check/vitest'
import { describe, expect, it } from 'vitest'
import { readLayout, type KnownPanel } from './stored'

const known: KnownPanel[] = ['editor:a', 'verdicts', 'fork'].map((id) => ({
  id,
  component: 'panel',
  title: id
}))

const leaf = (id: string, views: string[], activeView?: string) => ({
  type: 'leaf',
  size: 100,
  data: { id, views, activeView }
})
const grid = (data: unknown[]) => ({
  grid: { root: { type: 'branch', data }, height: 600, width: 800, orientation: 'HORIZONTAL' }
})

describe('readLayout', () => {
  it('keeps a good layout and takes what panels are from the known ones', () => {
    const read = readLayout(grid([leaf('1', ['editor:a']), leaf('2', ['verdicts', 'fork'], 'fork')]), known)
    expect(Object.keys(read?.panels ?? {})).toEqual(['editor:a', 'verdicts', 'fork'])
    expect(read?.panels.fork).toMatchObject({ contentComponent: 'panel', title: 'fork' })
    expect(JSON.stringify(read?.grid.root)).toContain('"activeView":"fork"')
  })

  it('leaves out unknown panels and groups that are then empty', () => {
    const read = readLayout(grid([leaf('1', ['gone']), leaf('2', ['verdicts', 'gone'], 'gone')]), known)
    expect(read?.grid.root.data).toHaveLength(1)
    expect(JSON.stringify(read?.grid.root)).toContain('"views":["verdicts"],"activeView":"verdicts"')
  })

  it('shows a panel once', () => {
    const read = readLayout(grid([leaf('1', ['fork']), leaf('2', ['fork', 'verdicts'])]), known)
    expect(JSON.stringify(read?.grid.root).match(/"fork"/g)).toHaveLength(2) // views and activeView of one group
  })

  it.each([
    ['nothing', undefined],
    ['text', 'x'],
    ['an empty object', {}],
    ['no panel we know', grid([leaf('1', ['gone'])])],
    ['an empty grid', grid([])],
    ['a negative size', grid([{ ...leaf('1', ['fork']), size: -1 }])],
    ['NaN', grid([{ ...leaf('1', ['fork']), size: NaN }])],
    ['a wrong orientation', { grid: { ...grid([leaf('1', ['fork'])]).grid, orientation: 'UP' } }]
  ])('refuses %s', (_name, stored) => {
    expect(readLayout(stored, known)).toBeUndefined()
  })

  it('refuses nesting that would exhaust the stack', () => {
    let node: unknown = leaf('1', ['fork'])
    for (let i = 0; i < 20_000; i++) node = { type: 'branch', data: [node] }
    expect(readLayout(grid([node]), known)).toBeUndefined()
  })

  test.prop([fc.anything({ maxDepth: 6 })])('never throws, whatever is stored', (stored) => {
    readLayout(stored, known)
    readLayout({ grid: stored }, known)
    readLayout(grid([stored]), known)
  })
})

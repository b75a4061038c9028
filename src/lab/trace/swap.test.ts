/** What the swap panel is told, event by event: reference mte-swap.md sections 2, 3 and 5; n = 16. */
import { describe, expect, it } from 'vitest'
import { TagMemory } from '../../engine/mte/tags'
import { TraceLog } from '../../engine/trace/log'
import { tagLane, tagsOfLane } from '../../engine/trace/tag-lanes'
import { DEFAULT_LIMITS } from '../results/types'
import { monotonicMs } from '../run/clock'
import { Meter, meterMemory } from '../sandbox/meter'
import { runTask } from '../sandbox/task'
import { compileScript } from '../script/compile'
import { eventsOf } from './queries'
import { IndexedTrace } from './indexed'
import { stateAt } from './state'

/** What else a script does: it forks, lets the folio leave the cache, or tags the halves of a page differently. */
interface More {
  readonly fork?: boolean
  readonly left?: boolean
  readonly mixed?: boolean
}

/** A tagged folio of 16 pages goes out; then, where asked for, a fork, and what comes after. */
function scriptOf(
  kernel: string,
  design: string,
  { fork = false, left = false, mixed = false }: More
): string {
  return `import { experiment } from 'contpte-lab'
export default experiment({ title: 't', run({ machine }) {
  const m = machine({
    kernel: '${kernel}', mteDesign: '${design}', cpu: { mte: true },
    swap: '16MiB', swapDevice: { synchronous: false }
  })
  m.sysfs.write('hugepages-64kB/enabled', 'always')
  const process = m.spawn()
  const heap = process.mmap({ bytes: '64KiB', align: '2MiB', prot: 'rwm' })
  heap.write()
  for (let page = 0; page < 16; page++) heap.setTags(page, page, 1)
  ${mixed ? "heap.setTags(12, 6, 1, process, { offset: '2KiB' })" : ''}
  heap.madvise('pageout')
  ${fork ? 'process.fork()' : ''}
  ${left ? 'm.reclaimSwapCache()' : ''}
  heap.load(3)
  heap.madvise('dontneed', 5, 1)
  m.reclaimSwapCache()
  heap.load(6)
} })
`
}

const ADDRESS = 0x10_0000_0000

async function traced(kernel: string, design: string, options: More = {}) {
  const text = scriptOf(kernel, design, options)
  const { code, diagnostics } = await compileScript('x.ts', text)
  expect(diagnostics).toEqual([])
  const init = { file: 'x.ts', text, code: code!, limits: DEFAULT_LIMITS, meter: meterMemory() }
  const cell = { index: 0, key: 'k', parameters: {}, seed: 1 }
  const { recording } = await runTask(
    init,
    new Meter(init.meter, monotonicMs),
    { kind: 'trace', cell, limit: 100_000 },
    () => undefined
  )
  const trace = new IndexedTrace(recording!)
  const at = (event: number, since?: number) => {
    const part = { what: 'swap', machine: 0, pid: 1, address: ADDRESS, pages: 16 } as const
    const [state] = stateAt(trace, event, [part], since).parts
    if (state?.what !== 'swap') throw new Error('no swap state')
    return state
  }
  /** After the last operation whose call has this in it. */
  const operation = (call: string) => trace.operations.findLast(({ title }) => title.includes(call))!
  const after = (call: string) => at(operation(call).to).swap
  return { trace, at, after, operation }
}

const all = (value: unknown) => Array.from({ length: 16 }, () => value)

describe('swap and tags in a trace', () => {
  it('6.10, M10: saved, looked up for all at each fault, there already; the cache bit keeps every slot', async () => {
    const { after, at, trace } = await traced('linux-6.10', 'M10')
    const before = after('setTags')
    expect(before.design).toMatchObject({ name: 'M10' })
    expect(before.pages.map(({ tags }) => tags)).toEqual(Array.from({ length: 16 }, (_, page) => page))
    expect(before.pages.map(({ tagged }) => tagged)).toEqual(all(true))
    expect(before.area).toMatchObject({ slots: 4095, used: 0, buffers: 0, bytes: 0 })

    const out = after('pageout')
    const first = out.pages[0].slot
    expect([first % 16, out.mappings[0].slots]).toEqual([0, Array.from({ length: 16 }, (_, i) => first + i)])
    expect(out.pages.map(({ saved }) => saved)).toEqual(Array.from({ length: 16 }, (_, page) => page))
    expect(out.pages.map(({ count, held }) => `${count} ${held}`)).toEqual(all('1 cache'))
    expect(out.area).toMatchObject({ used: 16, cached: 16, buffers: 16, bytes: 2048, total: 1 })
    expect(out.area.runs).toEqual([
      { slot: first, slots: 16, count: 1, held: 'cache', folio: out.pages[0].pfn, saved: 16 }
    ])

    const loaded = after('load(3')
    expect(loaded.pages.map(({ restore }) => restore)).toEqual(all('there already'))
    expect(loaded.pages[3]).toMatchObject({ count: 0, held: 'cache', saved: 3, past: false })
    expect(loaded.area.total).toBe(3)
    // Every state is some state of it: nothing throws, and no tags are lost on the way.
    for (let event = 0; event <= trace.events; event++) {
      const { area, pages } = at(event).swap
      expect(area.bytes).toBe(area.buffers * 128)
      expect(pages.every(({ slot, saved }) => saved === undefined || slot >= 0)).toBe(true)
    }
  })

  it('a slot given back is told of with what became of its tags; a page that comes back has its tags', async () => {
    const { after } = await traced('linux-6.10', 'M3')
    const dropped = after('dontneed')
    expect(dropped.mappings[0].flags[5]).toBe(0)
    // Page 3 is mapped, so the folio stays in the cache, and every slot with it.
    expect(after('reclaimSwapCache').pages[3]).toMatchObject({ held: 'cache', restore: 'there already' })
    const again = after('load(6')
    expect(again.pages[6]).toMatchObject({ tags: 6, tagged: true, restore: 'there already' })
    expect(again.pages[7].restore).toBe('')
  })

  it('from the device: a copy, and the slot is given back with its tags dropped', async () => {
    const { after, trace } = await traced('linux-6.10', 'M10', { left: true })
    const { pages } = after('load(6')
    expect(pages[6]).toMatchObject({ restore: 'copied', tags: 6, tagged: true })
    expect(pages[5]).toMatchObject({ pfn: -1, restore: '' })
    const [page] = pages.filter(({ droppedAt }) => droppedAt > 0)
    expect(page).toMatchObject({ past: true, count: 0, held: 'none' })
    expect(page.savedAt).toBeLessThan(page.droppedAt)
    expect(trace.log.kind(page.droppedAt)).toBe('tag-drop')
  })

  it('two processes name a slot twice', async () => {
    const { after } = await traced('linux-6.10', 'M10', { fork: true })
    const forked = after('fork')
    expect(forked.mappings.map(({ pid }) => pid)).toEqual([1, 2])
    expect(forked.pages.map(({ count }) => count)).toEqual(all(2))
    expect(after('load(3').pages[3].count).toBe(1)
  })

  it('M7 has no flag and saves no zeroes; M5 remembers', async () => {
    const m7 = (await traced('linux-6.10', 'M7')).after('pageout')
    expect(m7.pages.map(({ tagged }) => tagged)).toEqual(all(undefined))
    expect([m7.area.buffers, m7.pages[0].saved]).toEqual([15, undefined])
    const m5 = (await traced('linux-6.10', 'M5')).after('load(6')
    expect(m5.pages[0].restore).toBe('remembered')
  })

  it('events say slots and tags, and what changed is told against another state', async () => {
    const { trace, at, operation } = await traced('linux-6.12', 'M10')
    const kinds = ['tag-save', 'tag-restore', 'swap-slot', 'page-tags', 'page-tagged'] as const
    const { events } = eventsOf(trace, 1, trace.events, 1000, { kinds: [...kinds] })
    const texts = events.map(({ text }) => text)
    expect(texts).toContain('tags saved for swap slot 517: tag 5')
    expect(texts).toContain('swap slot 517: free becomes count 0, held by a slot cache')
    expect(texts.filter((text) => text.startsWith('tags of swap slot 517 for frame'))).toHaveLength(1)
    const { from, to } = operation('pageout')
    const { before, swap } = at(to, from - 1)
    expect([before?.area.used, swap.area.used]).toEqual([0, 16])
  })

  it('the tags of a page whose halves differ are told granule by granule, saved and copied back', async () => {
    const { after, trace } = await traced('linux-6.10', 'M10', { left: true, mixed: true })
    const halves = '6'.repeat(128) + 'c'.repeat(128)
    expect(after('setTags').pages[6].tags).toBe(halves)
    expect(after('pageout').pages[6]).toMatchObject({ saved: halves, tagged: true })
    expect(after('reclaimSwapCache').pages[6]).toMatchObject({ pfn: -1, saved: halves })
    expect(after('load(6').pages[6]).toMatchObject({ restore: 'copied', tags: halves })
    const { events } = eventsOf(trace, 1, trace.events, 1000, { kinds: ['tag-save'] })
    expect(events.map(({ text }) => text).filter((text) => text.includes('slot 518'))).toEqual([
      'tags saved for swap slot 518: tags 6, c'
    ])
  })

  it('spells the tags of a page out where its granules differ', () => {
    const log = new TraceLog()
    const memory = new TagMemory(256)
    memory.setRun(7, 0, 2, 9)
    const lane = tagLane(log, memory.save(7))
    expect(tagsOfLane(log.texts, lane)).toBe(`99${'0'.repeat(254)}`)
    expect(tagLane(log, memory.save(7))).toBe(lane)
    expect([tagLane(log, 0), tagsOfLane(log.texts, 15)]).toEqual([0, 15])
  })
})

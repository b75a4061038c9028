/** Memory tags set and read by a script in its sandbox, on whole pages and on parts of them. */
import { describe, expect, it } from 'vitest'
import { DEFAULT_LIMITS } from '../results/types'
import { monotonicMs } from '../run/clock'
import { compileScript } from '../script/compile'
import type { Task } from './messages'
import { Meter, meterMemory } from './meter'
import { runTask } from './task'

const TASK: Task = { kind: 'cell', cell: { index: 0, key: 'k', parameters: {}, seed: 5 } }

/** What a script printed, as JSON; types are checked, too. */
async function said(lines: string): Promise<unknown[]> {
  const text = `import { experiment } from 'contpte-lab'\nexport default experiment({ title: 't', run({ machine }) {\nconst say = (value: unknown) => console.log(JSON.stringify(value))\nconst attempt = (body: () => unknown) => { try { body(); say('done') } catch (error) { say((error as Error).message) } }\n${lines}\n} })\n`
  const { code, diagnostics } = await compileScript('x.ts', text)
  expect(diagnostics).toEqual([])
  const init = { file: 'x.ts', text, code: code!, limits: DEFAULT_LIMITS, meter: meterMemory() }
  const { error, console } = await runTask(init, new Meter(init.meter, monotonicMs), TASK, () => undefined)
  expect(error).toBeUndefined()
  return console.map((line) => JSON.parse(line.text) as unknown)
}

const TAGGED = (design: string, kernel = 'linux-6.12') => `
const m = machine({
  kernel: '${kernel}', mteDesign: '${design}', cpu: { mte: true }, swap: '16MiB', swapDevice: { synchronous: false }
})
m.sysfs.write('hugepages-64kB/enabled', 'always')
const p = m.spawn()
const heap = p.mmap({ bytes: '64KiB', align: '2MiB', prot: 'rwm' })
heap.write()
`

describe('tags of a part of a page', () => {
  it('are set on the granules asked for, and read back there', async () => {
    const found = await said(`${TAGGED('M10')}
heap.setTags(5, 0, 2)
heap.setTags(9, 1, 1, p, { offset: '1KiB', bytes: 32 })
say(heap.tags(0, 3))
for (const offset of [1008, 1024, 1040, 1056]) say(heap.tags(1, 1, p, { offset, bytes: 16 }))
say(heap.tags(1, 1, p, { bytes: 1024 }))
say(heap.tags(1, 1, p, { offset: 1024 }))
heap.setTags(5, 1, 1, p, { offset: 1024, bytes: 32 })
say(heap.tags(1, 1))`)
    expect(found).toEqual([[5, [5, 9], 0], [5], [9], [9], [5], [5], [[5, 9]], [5]])
  })

  it('are refused where they cut a granule or leave the page', async () => {
    const found = await said(`${TAGGED('M10')}
attempt(() => heap.setTags(1, 0, 1, p, { offset: 8 }))
attempt(() => heap.setTags(1, 0, 1, p, { bytes: 100 }))
attempt(() => heap.setTags(1, 0, 1, p, { offset: 4080, bytes: 32 }))
attempt(() => heap.setTags(1, 0, 1, p, { bytes: 0 }))
attempt(() => heap.tags(0, 1, p, { offset: 4096 }))
attempt(() => heap.tags(0, 1, p, { size: 16 } as object))
attempt(() => heap.setTags(1, 0, 1, p, { offset: 4080, bytes: 16 }))
say(heap.tags(0, 1))`)
    expect(found).toEqual([
      'setTags: offset 8 is no multiple of 16: a tag is that of 16 bytes, aligned',
      'setTags: bytes 100 is no multiple of 16: a tag is that of 16 bytes, aligned',
      'setTags: 32 bytes from 4080 on do not lie in a page of 4096',
      'setTags: 0 bytes from 0 on do not lie in a page of 4096',
      'tags: 0 bytes from 4096 on do not lie in a page of 4096',
      "tags has no option 'size': it takes offset, bytes",
      'done',
      [[0, 1]]
    ])
  })

  it('on 16K and 64K pages reach to the end of these', async () => {
    for (const [granule, bytes] of [
      ['16K', 16384],
      ['64K', 65536]
    ] as const) {
      const found = await said(`
const m = machine({ kernel: 'linux-6.12', granule: '${granule}', cpu: { mte: true }, swap: '16MiB' })
const p = m.spawn()
const heap = p.mmap({ bytes: '256KiB', prot: 'rwm' })
heap.write()
heap.setTags(3, 0, 1, p, { offset: ${bytes - 16} })
heap.madvise('pageout')
say(m.swapArea().tagBytes)
say([heap.tags(0, 1), heap.tags(0, 1, p, { bytes: ${bytes - 16} }), heap.tags(0, 1, p, { offset: ${bytes - 16} })])`)
      // Every page of the mapping is tagged, most of them with 0: a buffer of half a byte a granule each.
      expect(found).toEqual([2 ** 18 / 32, [[[0, 3]], [0], [3]]])
    }
  })

  it.each(['M0', 'M3', 'M4', 'M5', 'M7', 'M8', 'M9', 'M10'])(
    'come back from swap granule by granule, also where all but one are 0: %s',
    async (design) => {
      const kernel = design === 'M0' ? 'linux-6.9' : 'linux-6.10'
      const found = await said(`${TAGGED(design, kernel)}
for (let page = 0; page < 16; page++) heap.setTags(1 + (page % 15), page, 1, p, { offset: page * 16, bytes: 16 })
heap.setTags(7, 3, 1)
heap.setTags(2, 3, 1, p, { offset: 2048 })
heap.madvise('pageout')
m.reclaimSwapCache()
const tags = Array.from({ length: 16 }, (_, page) =>
  [0, page * 16, page * 16 + 16].map((offset) => heap.tags(page, 1, p, { offset, bytes: 16 })[0]))
say(tags)
say(heap.tags(3, 1, p, { bytes: 2048 }))
say(heap.tags(3, 1, p, { offset: 2048 }))`)
      const expected = Array.from({ length: 16 }, (_, page) => {
        if (page === 3) return [7, 7, 7]
        return [page === 0 ? 1 : 0, 1 + (page % 15), 0]
      })
      expect(found).toEqual([expected, [7], [2]])
    }
  )
})

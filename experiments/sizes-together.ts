import { experiment } from 'contpte-lab'

const SIZES: Readonly<Record<string, readonly number[]>> = { '64K': [64], '64K+32K+16K': [64, 32, 16] }

export default experiment({
  title: '64K, 32K and 16K together are a little better than 64K alone',
  topic: 'Per-size THP',
  claim:
    'A JavaScript heap between small mappings faults less than half as often with 64K, 32K and 16K folios as with 64K alone, in as much memory: what no 64K block fits still gets a smaller folio. All else costs the same, so the gain is what exceptions cost.',
  source: 'Ryan Roberts, 27 Nov 2023, #33 (Speedometer: "a little bit better")',
  parameters: { sizes: ['64K', '64K+32K+16K'] },

  run({ parameters: { sizes }, machine, record, expect }) {
    const m = machine({ kernel: 'linux-6.12', cost: 'ampere-altra', memory: '4GiB' })
    for (const kb of SIZES[sizes]) m.shell(`echo always > hugepages-${kb}kB/enabled`)
    const p = m.spawn()
    // The engine's heap, and stacks, code and tables in small mappings that begin anywhere.
    const heap = p.mmap({ bytes: '64MiB', align: '16KiB' })
    const small = Array.from({ length: 64 }, () => p.mmap({ bytes: '100KiB', align: '16KiB' }))
    const engine = heap.workload({ kind: 'js-heap', live: '8MiB', young: '1MiB' })
    const time = m.time(() => {
      for (const region of small) region.write()
      engine.run(400_000)
    })
    record('time', time, 'ns')
    record('faults', m.counters.fault, 'faults')
    record('resident', p.rss().anon, 'pages')
    expect(m.check(), 'broken invariants').toEqual([])
  },

  conclude({ rows, expect }) {
    const value = (name: string, sizes: string) =>
      rows.find((row) => row.metric === name && row.parameters.sizes === sizes)?.value ?? NaN
    const ratio = (name: string) => value(name, '64K+32K+16K') / value(name, '64K')
    expect(ratio('faults'), 'faults, together to alone').toBeLessThan(0.5)
    expect(value('resident', '64K+32K+16K'), 'pages resident, together').toBe(value('resident', '64K'))
    // The profile has a price for entries, flushes and pages, none for taking an exception.
    expect(Math.abs(ratio('time') - 1), 'time without that of the exceptions, off by').toBeLessThan(0.01)
  }
})

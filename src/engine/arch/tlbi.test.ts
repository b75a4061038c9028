/** Figures: reference architecture.md section 5, teardown.md section 2. */
import { describe, expect, it } from 'vitest'
import { contpteV2 } from '../kernel/contpte-v2'
import { Mm } from '../mm/mm'
import { COUNTER_INDEX, COUNTER_NAMES } from '../trace/counters'
import type { CpuFeatures } from './cpu'
import { GEOMETRIES } from './granule'
import { rangeOps, Tlbi } from './tlbi'

const N1: CpuFeatures = { hafdbs: true, tlbRange: false, kpti: false, repeatTlbi: false }

function flush(cpu: CpuFeatures, body: (tlbi: Tlbi, mm: Mm) => void, granule: '4K' | '16K' | '64K' = '4K') {
  const mm = new Mm(1, 1, new Float64Array(COUNTER_NAMES.length))
  body(new Tlbi(GEOMETRIES[granule], cpu, contpteV2), mm)
  return Object.fromEntries(
    COUNTER_NAMES.map((name) => [name, mm.own[COUNTER_INDEX[name]]] as const).filter(([, n]) => n !== 0)
  )
}

describe('range instructions', () => {
  const n = [
    [1, 1],
    [2, 1],
    [3, 2],
    [15, 2],
    [16, 1],
    [17, 2],
    [32, 1],
    [100, 2],
    [128, 1],
    [511, 3],
    [512, 1],
    [513, 2]
  ] as const

  it.each(n)('%i pages take %i, in both orders', (pages, ops) => {
    for (const algorithm of ['ascending', 'descending'] as const) {
      const { single, range } = rangeOps(pages, algorithm)
      expect(single + range).toBe(ops)
    }
  })

  it('never takes more than 5, the odd page included', () => {
    for (let pages = 1; pages < 2 ** 21; pages += 977) {
      const { single, range } = rangeOps(pages, 'descending')
      expect(single + range).toBeLessThanOrEqual(5)
      expect(rangeOps(pages, 'ascending')).toEqual({ single, range })
    }
  })
})

describe('flushes', () => {
  it('one page', () => {
    expect(flush(N1, (t, mm) => t.page(mm, 0))).toEqual({ tlbi: 1, tlbiVale1is: 1, dsbIshst: 1, dsbIsh: 1 })
    expect(flush(N1, (t, mm) => t.pageNosync(mm, 0))).toEqual({ tlbi: 1, tlbiVale1is: 1, dsbIshst: 1 })
  })

  it('a whole address space', () => {
    expect(flush(N1, (t, mm) => t.mm(mm))).toEqual({ tlbi: 1, tlbiAside1is: 1, dsbIshst: 1, dsbIsh: 1 })
  })

  it('page by page up to one less than a table, then the whole ASID', () => {
    expect(flush(N1, (t, mm) => t.range(mm, 0, 511, 1, true))).toMatchObject({ tlbi: 511, tlbiVale1is: 511 })
    expect(flush(N1, (t, mm) => t.range(mm, 0, 512, 1, true))).toMatchObject({ tlbi: 1, tlbiAside1is: 1 })
    expect(flush(N1, (t, mm) => t.range(mm, 0, 2047, 1, true), '16K')).toMatchObject({ tlbiVale1is: 2047 })
    expect(flush(N1, (t, mm) => t.range(mm, 0, 8192, 1, true), '64K')).toMatchObject({ tlbiAside1is: 1 })
  })

  it('walk caches by table stride: one instruction a table', () => {
    expect(flush(N1, (t, mm) => t.range(mm, 0, 3 * 512, 512, false))).toMatchObject({
      tlbi: 3,
      tlbiVae1is: 3
    })
  })

  it('by range where the CPU can', () => {
    const cpu = { ...N1, tlbRange: true }
    expect(flush(cpu, (t, mm) => t.range(mm, 0, 17, 1, true))).toMatchObject({
      tlbi: 2,
      tlbiVale1is: 1,
      tlbiRvale1is: 1
    })
    expect(flush(cpu, (t, mm) => t.range(mm, 0, 512, 1, false))).toMatchObject({ tlbi: 1, tlbiRvae1is: 1 })
    expect(flush(cpu, (t, mm) => t.range(mm, 0, 2 ** 21, 1, true))).toMatchObject({ tlbiAside1is: 1 })
  })

  it('twice each with the kernel unmapped, and once more after each where CPUs need it', () => {
    expect(flush({ ...N1, kpti: true }, (t, mm) => t.range(mm, 0, 16, 1, true))).toMatchObject({
      tlbi: 32,
      dsbIsh: 1
    })
    expect(flush({ ...N1, repeatTlbi: true }, (t, mm) => t.mm(mm))).toEqual({
      tlbi: 2,
      tlbiAside1is: 1,
      tlbiVale1is: 1,
      dsbIshst: 1,
      dsbIsh: 2
    })
  })
})

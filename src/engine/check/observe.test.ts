/** What the reference says of the half-cleared block: teardown.md section 5, R1 to R7, and example Z6; C = 16. */
import { describe, expect, it } from 'vitest'
import { agentAccess } from '../arch/agent'
import { AF, CONT, DIRTY, RDONLY } from '../arch/descriptor'
import { ADVERSARIAL } from '../arch/tlb'
import { KERNELS, kernelByName } from '../kernel'
import { newMm } from '../mm/fork'
import { findSlot } from '../mm/walk'
import { exitMm, munmapRange } from '../mm/zap'
import { sysMarkChp, sysMmap, userWrite } from '../syscalls'
import { World } from '../world'
import { BLOCK_CALLS, callOnBlock, type BlockCall } from './block-calls'
import { OBSERVATION_RULES, observeBlock, type BlockObservation } from './observe'

const START = 2 ** 20
const C = 16

/** A process with `pages` pages in folded blocks on a machine with two CPUs. */
function scene(kernel: string, pages = C) {
  const world = new World({
    kernel: kernelByName(kernel),
    granule: '4K',
    memoryBytes: 2 ** 28,
    tlb: { ...ADVERSARIAL, cpus: 2 }
  })
  world.thp.sizes[4] = 'always'
  const mm = newMm(world, 1)
  sysMmap(world, mm, { vpn: START, pages, prot: 'rw' })
  userWrite(world, mm, START, pages, 1, () => 7)
  const slot = findSlot(world, mm, START)
  const look = (page = 0) => observeBlock(world, mm, START + page, mm.exiting)
  return { world, mm, slot, look }
}

/** Every observation of the first block at a step of `body` at which some, not all, of its entries are cleared. */
function during(s: ReturnType<typeof scene>, body: () => void, at?: (seen: BlockObservation) => void) {
  const seen: BlockObservation[] = []
  s.world.probe = () => {
    const now = s.look()
    seen.push(now)
    at?.(now)
  }
  body()
  s.world.probe = undefined
  return seen
}

const clear = ({ world, slot }: ReturnType<typeof scene>, pages: number) => {
  for (let i = 0; i < pages; i++) world.tables.set(slot + i, 0, 0)
}

describe('the half-cleared block', () => {
  it('R1, R3: v2 leaves contiguous entries beside cleared ones at each of 15 steps, and is safe at all', () => {
    const s = scene('contpte-v2')
    const seen = during(s, () => exitMm(s.world, s.mm)).filter(({ contiguous }) => contiguous % C !== 0)
    expect([...new Set(seen.map(({ contiguous }) => contiguous))]).toEqual(
      Array.from({ length: C - 1 }, (_, i) => C - 1 - i)
    )
    expect(new Set(seen.map(({ rule, safe }) => `${rule} ${safe}`))).toEqual(new Set(['case-b true']))
  })

  it.each(['contpte-v3', 'linux-6.9', 'linux-6.12', 'contpte-flush-folio'])(
    'R4: %s clears a block at once: nobody meets a half of it',
    (kernel) => {
      const s = scene(kernel)
      const seen = during(s, () => exitMm(s.world, s.mm))
      expect(seen.length).toBeGreaterThan(0)
      expect(seen.filter(({ contiguous }) => contiguous % C !== 0)).toEqual([])
      expect(seen.every(({ safe }) => safe)).toBe(true)
    }
  )

  it('R2: cleared entries fault (case A), remaining ones may bring the whole block back (case B)', () => {
    const s = scene('contpte-v2')
    clear(s, 5)
    s.world.tlbs?.invalidateLocal(0)
    const before = s.look()
    expect(before.entries.map(({ walk }) => walk)).toEqual([
      ...Array(5).fill('fault'),
      ...Array(C - 5).fill('block')
    ])
    expect(before.entries.every(({ neighbours, held }) => neighbours && held.length === 0)).toBe(true)
    expect([before.rule, before.invalidation]).toEqual(['case-b', { removes: 0, comesBack: true }])
    // What is said may happen does: CPU 1 walks a remaining entry, and reaches a cleared page by it.
    expect(agentAccess(s.world, s.mm, 1, START + 9, false).faults).toBe(0)
    expect(agentAccess(s.world, s.mm, 1, START + 2, false)).toEqual({ pfn: before.entries[2].pfn, faults: 0 })
    const after = s.look()
    expect(after.entries.map(({ held }) => held)).toEqual(Array(C).fill([1]))
    expect(after.translations).toMatchObject([{ agent: 1, pages: C, coalesced: true, cleared: true }])
  })

  it('R5: a foreign TLBI takes the translation, and the next walk may form it again', () => {
    const s = scene('contpte-v2')
    clear(s, 5)
    agentAccess(s.world, s.mm, 1, START + 9, false)
    expect(s.look().invalidation.removes).toBeGreaterThan(0)
    s.world.tlbi.mm(s.mm)
    expect(s.look().invalidation).toEqual({ removes: 0, comesBack: true })
    clear(s, C)
    expect([s.look().invalidation.comesBack, s.look().rule]).toEqual([false, 'case-a'])
  })

  it('R4: pages given up before the last entry is cleared: unsafe, but for an exiting address space', () => {
    const s = scene('contpte-v2')
    const { folios, tables } = s.world
    const pfn = tables.pfn(s.slot)
    clear(s, 2)
    for (const page of [0, 1]) folios.addWord(pfn + page, -1)
    // Unmapped, but their references are kept: that is a gather before its flush.
    expect(s.look().rule).toBe('case-b')
    folios.put(pfn, 2)
    expect(s.look()).toMatchObject({ rule: 'given-up', safe: false })
    expect(s.look().entries.map(({ givenUp }) => givenUp)).toEqual([true, true, ...Array(C - 2).fill(false)])
    s.mm.exiting = true
    expect(s.look()).toMatchObject({ rule: 'nobody-runs', safe: true })
  })

  it('Z6: the gather of v2 fills at page 9698, index 2 of a block: safe only because nothing runs there', () => {
    const s = scene('contpte-v2', 9728)
    const rules: string[] = []
    let cleared = 0
    s.world.probe = (what) => {
      if (what === 'entries cleared') cleared++
      if (cleared < 9690) return
      const { rule, contiguous, entries } = s.look(9696)
      if (rule === 'nobody-runs')
        rules.push(`${contiguous} left, ${entries.filter((e) => e.givenUp).length} given up`)
    }
    exitMm(s.world, s.mm)
    expect(rules[0]).toBe(`${C - 3} left, 2 given up`)
  })

  it('D1: unfolds first, so that a partial clear leaves plain entries', () => {
    const s = scene('linux-6.12')
    const seen = during(s, () => munmapRange(s.world, s.mm, START + 5, START + 10))
    expect(seen.every(({ safe }) => safe)).toBe(true)
    expect(s.look()).toMatchObject({ valid: C - 5, contiguous: 0, rule: 'case-a' })
    expect(s.look().invalidation.comesBack).toBe(false)
  })

  it('R1: valid entries that disagree are misprogrammed (case 0), whatever the invalid ones hold', () => {
    const s = scene('linux-6.12')
    s.world.tables.set(s.slot, s.world.tables.attr(s.slot) & ~CONT, s.world.tables.pfn(s.slot))
    expect(s.look()).toMatchObject({ rule: 'misprogrammed', safe: false, stores: { valid: false } })
  })

  it('a TLB that holds what was cleared keeps nobody from freeing only until the flush', () => {
    const s = scene('linux-6.12')
    agentAccess(s.world, s.mm, 1, START, false)
    clear(s, C)
    expect(s.look().rule).toBe('not-flushed')
    const pfn = s.look().entries[0].pfn
    for (let page = 0; page < C; page++) s.world.folios.addWord(pfn + page, -1)
    s.world.folios.put(pfn, C)
    expect(s.look()).toMatchObject({ rule: 'given-up', safe: false })
    s.world.tlbi.mm(s.mm)
    expect(s.look().rule).toBe('case-a')
  })

  it('D6: one reference stands for a block of OnePlus; unmapping it is safe at each step', () => {
    const world = new World({
      kernel: kernelByName('oneplus-5.15'),
      granule: '4K',
      memoryBytes: 2 ** 28,
      tlb: { ...ADVERSARIAL, cpus: 2 }
    })
    const mm = newMm(world, 1)
    sysMmap(world, mm, { vpn: START, pages: 512, prot: 'rw' })
    sysMarkChp(world, mm, START, 512)
    userWrite(world, mm, START, 512, 1, () => 7)
    const look = () => observeBlock(world, mm, START, false)
    expect(look().rule).toBe('folded')
    const rules = new Set<string>()
    let halves = 0
    world.probe = () => {
      const { rule, contiguous } = look()
      rules.add(rule)
      if (contiguous % C !== 0) halves++
    }
    munmapRange(world, mm, START, START + 512)
    expect([halves, [...rules].sort()]).toEqual([C - 1, ['case-b', 'not-flushed']])
  })

  it('says of each verdict why', () => {
    for (const { text } of Object.values(OBSERVATION_RULES)) expect(text).toMatch(/\.$/)
  })
})

describe('another call on a half-cleared block', () => {
  const half = (kernel: string, call: BlockCall, index: number, cleared = 5) => {
    const s = scene(kernel)
    clear(s, cleared)
    return callOnBlock(s.world, s.mm, START, index, call)
  }

  it('R6: a marker in a cleared entry is harmless, in every kernel', () => {
    for (const { name } of KERNELS) {
      expect(half(name, 'marker', 2), name).toMatchObject({
        safe: true,
        unfolded: false,
        mappedAgain: [],
        tlbi: 0
      })
    }
  })

  it('R6: a valid entry there makes case 0', () => {
    for (const kernel of ['contpte-v2', 'contpte-v3', 'linux-6.12'])
      expect(half(kernel, 'set_pte', 2), kernel).toMatchObject({ safe: false, misprogrammed: true })
    expect(half('no-contpte', 'set_pte', 2)).toMatchObject({ safe: true })
  })

  it.each<BlockCall>(['pte_clear', 'ptep_get_and_clear', 'wrprotect', 'marker', 'access_flags'])(
    'what unfolds a remaining entry maps cleared pages again: %s',
    (call) => {
      const s = scene('linux-6.12')
      for (let i = 0; i < C; i++) {
        // Read-only, so that making it writable changes the write bit.
        if (call === 'access_flags') s.world.ops.wrprotectPtes(s.mm, s.slot, C)
      }
      clear(s, 5)
      const result = callOnBlock(s.world, s.mm, START, 9, call)
      expect(result).toMatchObject({ unfolded: true, mappedAgain: [0, 1, 2, 3, 4], safe: false })
    }
  )

  it('getters change nothing; the lockless one of v2 passes over cleared entries, later ones wait', () => {
    for (const kernel of ['contpte-v2', 'contpte-v2-robust', 'contpte-v3', 'linux-6.12']) {
      expect(half(kernel, 'ptep_get', 9), kernel).toMatchObject({ safe: true, answer: { present: true } })
      expect(half(kernel, 'ptep_get', 2), kernel).toMatchObject({ safe: true, answer: { present: false } })
      expect(half(kernel, 'ptep_get_lockless', 9).waits, kernel).toBe(!kernel.startsWith('contpte-v2'))
      expect(half(kernel, 'ptep_get_lockless', 2).waits, kernel).toBe(false)
    }
    expect(half('linux-6.12', 'ptep_get_lockless', 9, 0).waits).toBe(false)
  })

  it('R7: a getter after the dirty entry was cleared answers clean', () => {
    const s = scene('contpte-v2')
    const { tables } = s.world
    for (let i = 1; i < C; i++)
      tables.set(s.slot + i, (tables.attr(s.slot + i) & ~(DIRTY | AF)) | RDONLY, tables.pfn(s.slot + i))
    expect(callOnBlock(s.world, s.mm, START, 9, 'ptep_get').answer).toMatchObject({
      dirty: true,
      young: true
    })
    clear(s, 1)
    expect(callOnBlock(s.world, s.mm, START, 9, 'ptep_get').answer).toMatchObject({
      dirty: false,
      young: false
    })
  })

  it('counts and changes nothing where it looks', () => {
    const s = scene('linux-6.12')
    const before = [...s.world.counters.values, ...s.world.tables.attrs.flatMap((lane) => [...lane])]
    for (const call of BLOCK_CALLS) callOnBlock(s.world, s.mm, START, 3, call)
    s.look()
    expect([...s.world.counters.values, ...s.world.tables.attrs.flatMap((lane) => [...lane])]).toEqual(before)
  })
})

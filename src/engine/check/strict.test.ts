/** Hardware that ends in an error at a misprogrammed block: reference architecture.md T6, teardown.md section 5; C = 16. */
import { describe, expect, it } from 'vitest'
import { AF, CONT, SWAP } from '../arch/descriptor'
import { ADVERSARIAL } from '../arch/tlb'
import { translate } from '../arch/translate'
import { EngineError } from '../error'
import { KERNELS, kernelByName } from '../kernel'
import { forkMm, newMm } from '../mm/fork'
import type { Mm } from '../mm/mm'
import { findSlot } from '../mm/walk'
import { exitMm, munmapRange } from '../mm/zap'
import { sysMarkChp, sysMmap, userWrite } from '../syscalls'
import { KIND } from '../trace/kinds'
import { HEAD, NEW_A, TraceLog } from '../trace/log'
import { World } from '../world'

const START = 2 ** 20
const C = 16

/** A process with one folded block on a machine with two CPUs; CPU 1 looks at it. */
function scene(kernel = 'linux-6.12', strict = true, log?: TraceLog) {
  const world = new World({
    kernel: kernelByName(kernel),
    granule: '4K',
    memoryBytes: 2 ** 28,
    tlb: { ...ADVERSARIAL, cpus: 2, strict },
    ...(log && { trace: { log, machine: 0 } })
  })
  world.thp.sizes[4] = 'always'
  const mm = newMm(world, 1)
  sysMmap(world, mm, { vpn: START, pages: 512, prot: 'rw' })
  if (kernel.startsWith('oneplus')) sysMarkChp(world, mm, START, 512)
  userWrite(world, mm, START, C, 1, () => 7)
  return { world, mm, slot: findSlot(world, mm, START) }
}

/** What CPU 1's walk to a page comes to: the error's code, or 'none'. It holds nothing before. */
function walked(world: World, mm: Mm, page: number): string {
  const tlbs = world.tlbs!
  const before = world.currentCpu
  world.currentCpu = 1
  tlbs.invalidateLocal(1)
  try {
    translate(world, tlbs, mm, START + page, false)
    return 'none'
  } catch (error) {
    if (error instanceof EngineError) return error.code
    throw error
  } finally {
    world.currentCpu = before
  }
}

const misprogram = ({ world, slot }: ReturnType<typeof scene>) =>
  world.tables.set(slot, world.tables.attr(slot) & ~CONT, world.tables.pfn(slot))

describe('strict hardware', () => {
  it('ends in an error at a walk to any valid entry of a block with a plain one, and says where', () => {
    const s = scene()
    misprogram(s)
    expect([0, 5, 15].map((page) => walked(s.world, s.mm, page))).toEqual(Array(3).fill('hardware-error'))
    expect(s.world.tlbs!.violations[1]).toEqual({
      rule: 'block-misprogrammed',
      object: `CPU 1, mm 1, page ${START + 5}`,
      found:
        'a walk for 0x100005000 met valid entries that disagree in the block at 0x100000000: an error of the hardware'
    })
    const lenient = scene('linux-6.12', false)
    misprogram(lenient)
    expect(walked(lenient.world, lenient.mm, 0)).toBe('none')
  })

  it('is an event of the trace at the step where it is met', () => {
    const log = new TraceLog()
    const s = scene('linux-6.12', true, log)
    misprogram(s)
    const before = log.length
    walked(s.world, s.mm, 5)
    const kinds = Array.from({ length: log.length - before }, (_, i) => log.lane(before + 1 + i, HEAD) & 0xff)
    expect(kinds.filter((kind) => kind === KIND.violation)).toHaveLength(1)
    expect(log.texts[log.lane(log.length, NEW_A)]).toMatch(
      /^block-misprogrammed: CPU 1, mm 1, page \d+: a walk for 0x/
    )
  })

  it('minds case 1 (a plain entry beside a swap entry), and no entry that is not valid', () => {
    const one = scene()
    misprogram(one)
    one.world.tables.set(one.slot + 15, SWAP, 5)
    expect(walked(one.world, one.mm, 3)).toBe('hardware-error')
    // A walk that finds no valid entry faults, whatever its neighbours are.
    expect(walked(one.world, one.mm, 15)).toBe('none')
    for (const [pages, attr] of [
      [1, SWAP],
      [8, 0],
      [15, 0]
    ]) {
      const cleared = scene()
      for (let i = 0; i < pages; i++) cleared.world.tables.set(cleared.slot + i, attr, 0)
      for (let page = 0; page < C; page++) expect(walked(cleared.world, cleared.mm, page)).toBe('none')
    }
  })

  it('meets it with a walk only: what its TLB holds goes on translating', () => {
    const s = scene()
    const { world, mm } = s
    world.currentCpu = 1
    translate(world, world.tlbs!, mm, START, false)
    misprogram(s)
    expect(translate(world, world.tlbs!, mm, START + 9, false)).toBe(world.tables.pfn(s.slot + 9))
    expect(walked(world, mm, 9)).toBe('hardware-error')
  })

  it.each(KERNELS.map(({ name }) => name))(
    '%s: no walk at any step of munmap of a part, or of exit, ends in one',
    (kernel) => {
      for (const teardown of [
        ({ world, mm }: ReturnType<typeof scene>) => munmapRange(world, mm, START + 5, START + 10),
        ({ world, mm }: ReturnType<typeof scene>) => exitMm(world, mm)
      ]) {
        const s = scene(kernel)
        let steps = 0
        s.world.probe = () => {
          steps++
          for (let page = 0; page < C; page++) expect(walked(s.world, s.mm, page)).toBe('none')
        }
        teardown(s)
        s.world.probe = undefined
        expect(steps).toBeGreaterThan(0)
      }
    }
  )

  it('OnePlus: a copy of a block onto base pages makes valid entries disagree, at 15 steps', () => {
    const s = scene('oneplus-5.15')
    const { world, mm } = s
    forkMm(world, mm, 2)
    world.folios.blocks.limit = world.folios.blocks.inUse
    const seen: string[] = []
    world.probe = (what) => {
      // The entry stored last is valid and plain: a walk to it meets the others.
      if (what === 'copy of a block: entry stored') seen.push(walked(world, mm, seen.length))
    }
    userWrite(world, mm, START, 1, 1, () => 8)
    world.probe = undefined
    expect(seen).toEqual([...Array<string>(15).fill('hardware-error'), 'none'])
    expect(world.tables.attr(s.slot + 3) & AF).toBe(AF)
  })
})

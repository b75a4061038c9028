/** What a program does with memory tags, what must come of it, and what reclaim does later. */
import { SPECIAL, isPresent } from '../../src/engine/arch/descriptor'
import type { WatchedViolation } from '../../src/engine/check/watch'
import { VM_MTE } from '../../src/engine/mm/mm'
import { findPmd, findSlot } from '../../src/engine/mm/walk'
import { isTaggedMapping } from '../../src/engine/mte/access'
import * as sys from '../../src/engine/syscalls'
import { stored } from './access'
import type { Life, Proc } from './life'

export function hasTags({ world }: Life): boolean {
  return world.mte !== undefined
}

/** STG over a range: a tag for each page, or one for all; some tags go to the second half of each page only. */
export function setTags(life: Life, proc: Proc): void {
  const { world, random } = life
  const { mm, oracle } = proc
  life.range(proc)
  const first = random.below(16)
  const step = random.below(2)
  const tag = (vpn: number) => (first + step * (vpn % 16)) % 16
  const half = step === 0 && first % 4 === 3
  life.say(`tag ${first.toString(16)}${half ? ' on second halves' : step === 0 ? '' : ' and up'}`)
  const granules = (world.mte?.memory.granules ?? 0) / 2
  let last = -1
  const commit = () => {
    if (last < 0) return
    if (isTaggedMapping(mm, last)) oracle.tag(last, tag(last), half)
    stored(life, mm, last)
  }
  try {
    const wanted = (vpn: number) => {
      commit()
      last = vpn
      return tag(vpn)
    }
    const part = half ? { first: granules, nr: granules } : undefined
    sys.userSetTags(world, mm, life.from, life.count, wanted, part)
  } finally {
    // Who is asked for a tag has its page: the last one was tagged even where the next finds no memory.
    commit()
  }
}

/** LDG over a range. */
export function getTags(life: Life, proc: Proc): void {
  life.range(proc)
  sys.userGetTags(life.world, proc.mm, life.from, life.count, (vpn, seen) => {
    if (!isTaggedMapping(proc.mm, vpn)) return
    const pfn = frameOf(life, proc, vpn)
    const halves = pfn < 0 ? ([seen, seen] as const) : seenOn(life, pfn)
    // LDG says no more than what occurs on the page.
    const both = halves[0] | halves[1]
    life.watch.violation ??= judge(life, proc, vpn, both === seen ? halves : [seen, seen])
  })
}

/** A later pass of reclaim over the swap cache. */
export function reclaim({ world }: Life): void {
  sys.sysReclaimSwapCache(world)
}

/** Compares the tags of every page that is mapped with what the process set. */
export function checkTags(life: Life, proc: Proc): WatchedViolation | undefined {
  const { world } = life
  const { folios } = world
  if (world.mte === undefined) return undefined
  for (const { start, end, flags } of proc.mm.vmas) {
    if ((flags & VM_MTE) === 0) continue
    for (let vpn = start; vpn < end; vpn++) {
      const pfn = frameOf(life, proc, vpn)
      if (pfn < 0 || folios.word(pfn) === 0) continue
      const violation = judge(life, proc, vpn, seenOn(life, pfn))
      if (violation !== undefined) return violation
    }
  }
  return undefined
}

/** The tags that occur on the halves of a frame, one bit each. */
function seenOn({ world }: Life, pfn: number): [number, number] {
  const seen: [number, number] = [0, 0]
  const memory = world.mte?.memory
  const granules = memory?.granules ?? 0
  for (let i = 0; i < granules; i++) seen[i < granules / 2 ? 0 : 1] |= 1 << (memory?.get(pfn, i) ?? 0)
  return seen
}

/** Judges the tags seen on the halves of a page: each must have one, and that which was set. */
function judge(
  { base }: Life,
  { mm, oracle }: Proc,
  vpn: number,
  [first, second]: readonly [number, number]
): WatchedViolation | undefined {
  const tags: [number, number] = [Math.log2(first), Math.log2(second)]
  if (tags.every(Number.isInteger) && oracle.allowsTags(vpn, tags)) return undefined
  const [one, other] = [first, second].map((seen, i) =>
    Number.isInteger(tags[i]) ? `tag ${tags[i].toString(16)}` : `tags ${listed(seen)}`
  )
  return {
    rule: 'tags',
    object: `mm ${mm.pid}, page ${vpn - base} of the arena`,
    found: `has ${first === second ? one : `${one}, then ${other}`}, not ${oracle.expectedTags(vpn)}`,
    during: ''
  }
}

/** The tags of a set, one bit each: digits, as everywhere that tags are printed. */
function listed(set: number): string {
  const digits = Array.from({ length: 16 }, (_, tag) => tag).filter((tag) => (set & (1 << tag)) !== 0)
  return digits.map((tag) => tag.toString(16)).join(', ')
}

/** The frame that the tables map at the page, -1 for none and for pages of zeroes. */
function frameOf({ world }: Life, { mm }: Proc, vpn: number): number {
  const { tables, geometry } = world
  let slot = findSlot(world, mm, vpn)
  let offset = 0
  if (slot === 0) {
    slot = findPmd(world, mm, vpn)
    offset = vpn % geometry.tableEntries
  }
  if (slot === 0 || !isPresent(tables.attr(slot)) || (tables.attr(slot) & SPECIAL) !== 0) return -1
  return tables.pfn(slot) + offset
}

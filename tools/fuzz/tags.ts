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

/** STG over a range: a tag for each page, or one for all. */
export function setTags(life: Life, proc: Proc): void {
  const { world, random } = life
  const { mm, oracle } = proc
  life.range(proc)
  const first = random.below(16)
  const step = random.below(2)
  const tag = (vpn: number) => (first + step * (vpn % 16)) % 16
  life.say(`tag ${first}${step === 0 ? '' : ' and up'}`)
  let last = -1
  const commit = () => {
    if (last < 0) return
    if (isTaggedMapping(mm, last)) oracle.tag(last, tag(last))
    stored(life, mm, last)
  }
  try {
    sys.userSetTags(world, mm, life.from, life.count, (vpn) => {
      commit()
      last = vpn
      return tag(vpn)
    })
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
    life.watch.violation ??= judge(life, proc, vpn, seen)
  })
}

/** A later pass of reclaim over the swap cache. */
export function reclaim({ world }: Life): void {
  sys.sysReclaimSwapCache(world)
}

/** Compares the tags of every page that is mapped with what the process set. */
export function checkTags(life: Life, proc: Proc): WatchedViolation | undefined {
  const { world } = life
  const { mte, folios } = world
  if (mte === undefined) return undefined
  for (const { start, end, flags } of proc.mm.vmas) {
    if ((flags & VM_MTE) === 0) continue
    for (let vpn = start; vpn < end; vpn++) {
      const pfn = frameOf(life, proc, vpn)
      if (pfn < 0 || folios.word(pfn) === 0) continue
      let seen = 0
      for (let i = 0; i < mte.memory.granules; i++) seen |= 1 << mte.memory.get(pfn, i)
      const violation = judge(life, proc, vpn, seen)
      if (violation !== undefined) return violation
    }
  }
  return undefined
}

function judge(
  { base }: Life,
  { mm, oracle }: Proc,
  vpn: number,
  seen: number
): WatchedViolation | undefined {
  const tag = Math.log2(seen)
  if (Number.isInteger(tag) && oracle.allowsTag(vpn, tag)) return undefined
  const found = Number.isInteger(tag) ? `tag ${tag}` : `tags ${seen.toString(2)} (a bit each)`
  return {
    rule: 'tags',
    object: `mm ${mm.pid}, page ${vpn - base} of the arena`,
    found: `has ${found}, not ${oracle.expectedTag(vpn)}`,
    during: ''
  }
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

/**
 * Break-before-make: whether a change of a live translation is allowed as a plain store, and by which
 * rule not. A pure function of the two mappings; who holds a stale one is the caller's affair, so the
 * same decision serves the judge of a sequence, the explorer and a checker.
 *
 * Source: Arm ARM DDI 0487 D8.16.1, rules RWHZWS, RKFLJB, RDDMVT, RPVTFW, RFVQCK as quoted in the
 * threads and in Linux 6.12 (the rule names are second-hand); reference `hvo.md` section 3.
 */
import { NG, RDONLY, SHARED_INNER, VALID, WRITE } from './descriptor'

/** FEAT_BBM of the machine; `2-noabort` is level 2 on CPUs known never to abort. */
export type BbmLevel = 0 | 1 | 2 | '2-noabort'
export const BBM_LEVELS: readonly BbmLevel[] = [0, 1, 2, '2-noabort']

/** Whether the clause of B2 about the contents of the two pages counts. */
export type ContentRule = 'strict' | 'ignored'

/** Bits 4:2: index of the memory type. */
const ATTR_INDEX = 7 << 2

/** The Arm rules that decide, as `hvo.md` numbers them, with the manual's name and their content. */
export const ARM_RULES = {
  B1: {
    name: 'RWHZWS',
    text: 'break-before-make when memory type, shareability or cacheability of a live entry change'
  },
  B2: {
    name: 'RWHZWS',
    text: 'break-before-make when the output address changes and the old or the new entry is writable, or the contents of the two pages differ'
  },
  B3: {
    name: 'RWHZWS, RKFLJB',
    text: 'break-before-make when the size of a translation changes, unless the FEAT_BBM method of the level is used'
  },
  B4: { name: 'RWHZWS', text: 'break-before-make when a new global entry may overlap non-global ones' },
  B5: {
    name: 'RGPPYH',
    text: 'a change of permissions alone needs no break-before-make; old or new apply until TLBI and DSB'
  },
  B6: { name: 'RDDMVT', text: 'break-before-make: write invalid, DSB, TLBI, DSB, write new, DSB' },
  B7: { name: 'RPVTFW', text: 'the relaxations of FEAT_BBM cover a change of size and nothing else' },
  B8: {
    name: 'RFVQCK',
    text: 'after a broken rule a lookup may abort, give one of the entries, or a mixture'
  },
  B9: { name: 'none', text: 'invalid entries are not cached: invalid to valid needs no TLBI' },
  B10: {
    name: 'general',
    text: 'a TLBI is complete only after the next DSB, and walkers may cache any valid entry at any moment'
  }
} as const

export type ArmRule = keyof typeof ARM_RULES

/** One translation as the tables hold it or a TLB remembers it. */
export interface Mapping {
  /** Attribute lane, see `descriptor.ts`. */
  readonly attr: number
  /** Frame of the page in question (not of the block it may be part of). */
  readonly pfn: number
  /** Pages that one TLB entry made of it may translate: 1, a contiguous block, or a block entry's. */
  readonly pages: number
  /** The nT bit of a block entry (FEAT_BBM level 1). */
  readonly nt?: boolean
  /** Larger than a page by the contiguous bit, which level 1 lets change without nT (RKHRBC). */
  readonly contiguous?: boolean
}

/** What the decision depends on beside the two mappings. */
export interface BbmConditions {
  readonly level: BbmLevel
  readonly contents: ContentRule
  /** The two frames hold the same bytes for as long as both may be used. */
  readonly sameContents: boolean
  /** Hardware makes a writable-clean entry writable by itself, so that it counts as writable. */
  readonly hardwareDirty: boolean
  /**
   * Size and permission changed by one store at level 2: asked by Yu Zhao on 11 Jul 2024, read as two
   * allowed changes by Ryan Roberts on 25 Jun 2025, not settled.
   */
  readonly sizeWithPermission: 'allowed' | 'forbidden'
}

/** A rule that a change breaks, and why, in words. */
export interface Breach {
  readonly rule: ArmRule
  /** `contents` tells the second clause of B2 from the first. */
  readonly clause?: 'address' | 'contents'
  readonly text: string
}

/** Whether a store may pass: not read-only, or made so by hardware on the first one. */
export function isWritable(attr: number, hardwareDirty: boolean): boolean {
  return (attr & RDONLY) === 0 || (hardwareDirty && (attr & WRITE) !== 0)
}

function sizeBreach(old: Mapping, next: Mapping, conditions: BbmConditions): Breach | undefined {
  const { level, sizeWithPermission } = conditions
  if (old.pages === next.pages) return undefined
  const change = `the size changes from ${old.pages} to ${next.pages} ${next.pages === 1 ? 'page' : 'pages'}`
  if (level === 0) return { rule: 'B3', text: `${change} and there is no FEAT_BBM` }
  const block = old.pages > next.pages ? old : next
  if (level === 1 && block.nt !== true && block.contiguous !== true)
    return { rule: 'B3', text: `${change} and level 1 asks for nT in the larger entry` }
  const permission = isWritable(old.attr, true) !== isWritable(next.attr, true)
  if (permission && sizeWithPermission === 'forbidden')
    return { rule: 'B7', text: `${change} and the permission changes with it` }
  return undefined
}

/**
 * The rules that replacing `old` by `next` in one store breaks, while `old` may be in a TLB. Empty
 * where the store is allowed, and where either is invalid (B9; a stale translation is an `old`).
 */
export function breakBeforeMake(old: Mapping, next: Mapping, conditions: BbmConditions): readonly Breach[] {
  if ((old.attr & next.attr & VALID) === 0) return []
  const breaches: Breach[] = []
  if (((old.attr ^ next.attr) & (ATTR_INDEX | SHARED_INNER)) !== 0)
    breaches.push({ rule: 'B1', text: 'memory type or shareability change' })
  if (old.pfn !== next.pfn) {
    const writable = [old, next].filter(({ attr }) => isWritable(attr, conditions.hardwareDirty))
    if (writable.length > 0) {
      const which =
        writable.length === 2 ? 'both entries are' : `the ${writable[0] === old ? 'old' : 'new'} entry is`
      breaches.push({
        rule: 'B2',
        clause: 'address',
        text: `the output address changes and ${which} writable`
      })
    } else if (conditions.contents === 'strict' && !conditions.sameContents)
      breaches.push({
        rule: 'B2',
        clause: 'contents',
        text: 'the output address changes and the contents of the two pages differ'
      })
  }
  const size = sizeBreach(old, next, conditions)
  if (size !== undefined) breaches.push(size)
  if ((old.attr & NG) !== 0 && (next.attr & NG) === 0)
    breaches.push({ rule: 'B4', text: 'a global entry replaces a non-global one' })
  return breaches
}

/**
 * Whether a lookup may take a TLB conflict abort while translations of two sizes are cached: always
 * but on CPUs known not to (rule B8 without FEAT_BBM; RKFLJB, IHYQMB with it).
 */
export function mayAbort(level: BbmLevel): boolean {
  return level !== '2-noabort'
}

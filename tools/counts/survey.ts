/** Every case of every sheet: measured by the hot loops, most also entry by entry, and compared. */
import { kernelNames } from '../../src/engine/kernel'
import type { Vars } from './expression'
import { flushVars } from './flush'
import { BLOCKS, FORK_SHEETS, ONEPLUS_PAGES } from './fork-sheets'
import { measureAligned, measureSpecial, type Measured } from './measure'
import { GRANULES, PAGES, ordersOf, shapeOf, type Case } from './shape'
import { expected, type Figures, type Sheet } from './sheet'
import { DONTNEED_UNFOLDED, ZAP_SHEETS, cutsOfRuns, gathering } from './zap-sheets'

/** One case of one sheet. */
export interface Cell {
  readonly kernel: string
  readonly sheet: Sheet
  readonly of: Case
  readonly figures: Figures
  readonly vars: Vars
}

/** What came out. */
export interface Survey {
  readonly cells: readonly Cell[]
  /** Figures compared, zeroes not counted. */
  readonly compared: number
  /** What differs from its formula, a line each. */
  readonly wrong: readonly string[]
}

/**
 * Designs of teardown that were proposed but never counted: nobody published a formula (for D2r only
 * that it is quadratic in C), so that `zap.test.ts` alone holds theirs. Their fork is that of the kernel
 * they are made from. And 6.1.0 and 6.11, which touch entries
 * as `linux-6.1` and `linux-6.10` do, in everything counted here.
 */
export const WITHOUT_FORMULAE: readonly string[] = [
  'contpte-v2-robust',
  'contpte-flush-folio',
  'linux-6.1.0',
  'linux-6.11'
]

/** Every other kernel, and the pages that OnePlus maps without blocks: one without sheets is reported. */
export const KERNEL_NAMES: readonly string[] = [
  ...kernelNames().filter((name) => !WITHOUT_FORMULAE.includes(name)),
  ONEPLUS_PAGES
]
const GRANULE_NAMES = ['4K', '16K', '64K'] as const

export const SHEETS: readonly Sheet[] = [...FORK_SHEETS, ...ZAP_SHEETS]

/** Designs without contiguous PTEs: every order is one class. */
const ENTRY_BY_ENTRY = ['no-contpte', 'linux-6.1', 'linux-6.8', ONEPLUS_PAGES]
/** Designs that take one entry at a time, whatever the folio. */
const SINGLY = [...ENTRY_BY_ENTRY, 'contpte-unbatched']
/** Designs that flush in the middle of fork. */
const FLUSHING = ['contpte-unbatched', 'oneplus-5.15']

/** How much is measured: what `npm test` does; every order in every granule; all of it entry by entry too. */
export type Scope = 'test' | 'every' | 'twice'

/** One order or more of each class of a design: folios below a block, of a block, and the largest. */
function ordersOfClasses(kernel: string, granule: Case['granule']): number[] {
  const { c, t } = GRANULES[granule]
  const cont = Math.log2(c)
  const max = Math.log2(t)
  if (ENTRY_BY_ENTRY.includes(kernel)) return [max]
  return SINGLY.includes(kernel) ? [0, cont, max] : [0, 1, 2, cont, max]
}

/**
 * The cases of a kernel: all orders at every N, but at 262144 only in 4K where the scope is `test`. With
 * FEAT_TLBIRANGE: some orders up to N = 512, and 4K blocks at 262144 where fork flushes.
 */
export function* casesOf(kernel: string, scope: Scope): Generator<Case> {
  for (const granule of kernel.startsWith('oneplus') ? (['4K'] as const) : GRANULE_NAMES) {
    for (const pages of PAGES) {
      const large = pages > 512
      const few = ordersOfClasses(kernel, granule)
      for (const order of ordersOf(granule, pages)) {
        if (kernel === 'oneplus-5.15' && order !== 4) continue
        if (large && scope === 'test' && granule !== '4K' && !few.includes(order)) continue
        yield { granule, pages, order, range: false }
        const block = granule === '4K' && order === 4 && FLUSHING.includes(kernel)
        const some = !large && [0, 3, 4, Math.log2(GRANULES[granule].c), 9].includes(order)
        if (scope === 'twice' || some || block) yield { granule, pages, order, range: true }
      }
    }
  }
}

/** Whether a case is measured entry by entry too: all but large ones (one a kernel is) and those with FEAT_TLBIRANGE. */
const isDouble = (of: Case, scope: Scope): boolean =>
  scope === 'twice' || (!of.range && (of.pages <= 512 || (of.granule === '4K' && of.order === 4)))

/** Whether the special states of blocks are measured: at N = 262144 of folios of one block and of the largest. */
const isSpecial = (kernel: string, of: Case, scope: Scope): boolean =>
  isContpte(kernel) &&
  BLOCKS.applies(of) &&
  (scope !== 'test' || of.pages <= 512 || ordersOfClasses(kernel, of.granule).includes(of.order))

const isContpte = (kernel: string): boolean => /^contpte|linux-6\.(9|1[0-2])/.test(kernel)

/** Special states come last; large ones are measured entry by entry only where all are. */
function measure(kernel: string, of: Case, fast: boolean, scope: Scope): Measured[] {
  const aligned = measureAligned(kernel, of, fast)
  const special = isSpecial(kernel, of, scope) && (fast || scope === 'twice' || of.pages <= 512)
  return special ? [...aligned, ...measureSpecial(kernel, of, fast)] : aligned
}

/** Measures and compares everything of the kernels named. */
export function survey(kernels: readonly string[] = KERNEL_NAMES, scope: Scope = 'test'): Survey {
  const cells: Cell[] = []
  const wrong: string[] = []
  let compared = 0
  for (const kernel of kernels) {
    for (const of of casesOf(kernel, scope)) {
      const short = measure(kernel, of, true, scope)
      const long = isDouble(of, scope) ? measure(kernel, of, false, scope) : []
      short.forEach(({ operation, placement, figures }, i) => {
        const sheet = SHEETS.find(
          (each) => each.operation === operation && each.kernels.includes(kernel) && each.applies(of)
        )
        if (sheet === undefined) {
          if (operation !== DONTNEED_UNFOLDED) wrong.push(`${kernel}, ${operation}: no sheet in tools/counts`)
          return
        }
        const vars = {
          ...shapeOf(of, placement),
          ...flushVars(of, gathering(kernel, of)),
          ...cutsOfRuns(of)
        }
        const wanted = withTotal(expected(sheet, of, vars))
        const where = `${kernel}, ${sheet.operation}, ${of.granule}, N = ${of.pages}, k = ${of.order}${of.range ? ', range TLBI' : ''}`
        compared += Object.keys(wanted).length
        wrong.push(
          ...differences(`${where}, hot loops`, wanted, figures),
          ...(i in long ? differences(`${where}, entry by entry`, wanted, long[i].figures) : [])
        )
        cells.push({ kernel, sheet, of, figures, vars })
      })
    }
  }
  return { cells, compared, wrong }
}

/** TLBIs of any kind are the sum of the kinds. */
function withTotal(figures: Figures): Figures {
  const all: Record<string, number> = { ...figures }
  for (const [key, n] of Object.entries(figures)) {
    const [side, counter] = key.split('.')
    if (counter.startsWith('tlbi')) all[`${side}.tlbi`] = (all[`${side}.tlbi`] ?? 0) + n
  }
  return all
}

/** Where two sets of figures differ, a line each. */
export function differences(where: string, wanted: Figures, found: Figures): string[] {
  const keys = [...new Set([...Object.keys(wanted), ...Object.keys(found)])].sort()
  return keys
    .filter((key) => (wanted[key] ?? 0) !== (found[key] ?? 0))
    .map((key) => `${where}: ${key} is ${found[key] ?? 0}, its formula says ${wanted[key] ?? 0}`)
}

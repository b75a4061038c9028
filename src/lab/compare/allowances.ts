/**
 * What a recorded step may show besides, because of the machine around the case: chance of frames, a
 * thread of the kernel, the history of the boot, what an emulated TLB held. Each is as narrow as the
 * recordings let it be; nothing else may differ.
 */
import type { World } from '../../engine/world'
import { stackPages, type Harness } from './harness'
import type { Step, Tally } from './schema'

/** How far one value may lie from the simulated one. */
export interface Allowance {
  /** Up to so much more. */
  readonly more?: number
  /** Up to so much less. */
  readonly fewer?: number
  /** Or exactly so much more (less, if negative). */
  readonly jump?: number
}

/** By field: `counts.__set_ptes`, `vm.pgfault`. */
export type Allowances = Readonly<Record<string, Allowance>>

/** What a comparison of one step is told besides. */
export interface Leeway {
  readonly fields: Allowances
  /** Access flags were cleared: an entry that a TLB still held does not get its flag back. */
  readonly staleTlb: boolean
}

export const NO_LEEWAY: Leeway = { fields: {}, staleTlb: false }

/** Pages the program itself has mapped, at most: nearly 2,500, some more or less with CPU and case. */
const PROGRAM_PAGES = 2600

/** VMAs that khugepaged meets: those of the program, before those of the case. */
const PROGRAM_MAPPINGS = 6

/** A fault that only sets the access flag, on a CPU that does not do so by itself. */
const ACCESS_FAULT = [
  'counts.do_page_fault',
  'counts.handle_mm_fault',
  'counts.__handle_mm_fault',
  'counts.__ptep_set_access_flags',
  'counts.ptep_set_access_flags',
  'counts.contpte_ptep_set_access_flags',
  'counts.contpte_ptep_get',
  'counts.contpte_ptep_get_lockless',
  'tlbi.vale1is',
  'vm.pgfault'
]

/** What the steps of one case allow, as they come. */
export class CaseLeeway {
  #cleared = false
  #khugepaged = false

  constructor(
    readonly world: World,
    readonly harness: Harness
  ) {}

  /** Of the step just replayed; `foldChances` says how often a block's end was stored by chance. */
  of(recorded: Step, simulated: Step, foldChances: number): Leeway {
    const fields: Record<string, Allowance> = {}
    if (foldChances > 0) fields['counts.__contpte_try_fold'] = { more: foldChances }
    const { op } = recorded
    if (op === 'clearrefs') {
      this.#cleared = true
      // The program's own pages are looked at, too, and nobody knows their number.
      fields['counts.vm_normal_folio'] = { more: PROGRAM_PAGES }
      fields['counts.vm_normal_page'] = { more: PROGRAM_PAGES }
    }
    // A stack for the child, where none of an ended process is left.
    if (op === 'fork') fields['counts.__set_ptes'] = { jump: stackPages(this.harness) }
    // The huge zero page stays once any case of the boot read through it.
    if ((simulated.vm?.thp_zero_page_alloc ?? 0) > 0) {
      fields['vm.thp_zero_page_alloc'] = { jump: -1 }
      fields['counts.folio_alloc_noprof'] = { jump: -1 }
    }
    if (this.#cleared && !this.world.cpu.hafdbs) accessFaults(fields, simulated)
    this.#khugepagedRuns(fields, recorded, simulated)
    return { fields, staleTlb: this.#cleared }
  }

  /**
   * khugepaged (6.1, recorded) wakes when the first process registers, on the other CPU, and looks at it
   * once; in which step, if in any, is chance.
   */
  #khugepagedRuns(fields: Record<string, Allowance>, recorded: Step, simulated: Step): void {
    if (this.harness.kernel !== 'linux-6.1') return
    if (called(simulated.counts, '__khugepaged_enter') > 0) this.#khugepaged = true
    if (!this.#khugepaged) return
    const vmas = this.world.mms.reduce((most, mm) => Math.max(most, mm.vmas.length), 0)
    const ranges = this.world.mms.reduce((sum, mm) => sum + wholeRanges(this.world, mm.vmas), 0)
    fields['counts.hugepage_vma_check'] = { more: PROGRAM_MAPPINGS + vmas }
    fields['counts.hpage_collapse_scan_pmd'] = { more: ranges }
    fields['counts.mm_find_pmd'] = { more: ranges }
    const scans = called(recorded.counts, 'hpage_collapse_scan_pmd')
    if (scans > called(simulated.counts, 'hpage_collapse_scan_pmd')) this.#khugepaged = false
  }
}

/**
 * Pages of the regions fault again or not, as the TLB still holds them, and pages of the program
 * itself fault in every step.
 */
function accessFaults(fields: Record<string, Allowance>, simulated: Step): void {
  for (const field of ACCESS_FAULT) {
    const [group, name] = field.split('.') as ['counts' | 'tlbi' | 'vm', string]
    const ours = called(simulated[group], name)
    const accesses = simulated.op === 'read' || simulated.op === 'write'
    fields[field] = { more: PROGRAM_PAGES, ...(accesses && { fewer: ours }) }
  }
}

function called(tally: Tally | undefined, name: string): number {
  return tally?.[name] ?? 0
}

/** PMD ranges that lie in one VMA as a whole. */
function wholeRanges({ geometry }: World, vmas: readonly { start: number; end: number }[]): number {
  const nr = 2 ** geometry.pmdOrder
  return vmas.reduce((n, { start, end }) => n + Math.max(0, Math.floor(end / nr) - Math.ceil(start / nr)), 0)
}

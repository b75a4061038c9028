/**
 * The recordings of real kernels as TypeScript sees them. The schema is that of the recordings'
 * own README; `parse.ts` checks it, and the simulator answers in it too (`replay.ts`).
 */

/** A recording: one kernel, one family of cases. */
export interface Recording {
  readonly schema: 1
  readonly kernel: string
  readonly version: string
  readonly packages: string
  readonly boots: Readonly<Record<string, Boot>>
  readonly cases: readonly Case[]
}

/** One start of the kernel: the CPU model and what it has. */
export interface Boot {
  readonly cpu: string
  readonly mte: boolean
  readonly append: string
  readonly page_size: number
  readonly features: Features
  readonly registers: Readonly<Record<string, string>>
  readonly warnings: readonly string[]
}

/** ID-register fields as numbers. */
export interface Features {
  readonly hafdbs: number
  readonly tlb: number
  readonly bbm: number
  readonly mte: number
  readonly asid16: boolean
  readonly cnp: number
}

/** A fresh process and what was done to it. */
export interface Case {
  readonly id: string
  readonly family: string
  readonly boot: string
  readonly title: string
  readonly steps: readonly Step[]
}

/** Arguments of an operation, each as its README row says. */
export type Args = Readonly<Record<string, unknown>>

/** Numbers by name, without the zeroes. */
export type Tally = Readonly<Record<string, number>>

/** One operation and what it left. */
export interface Step {
  readonly i: number
  readonly op: string
  readonly args: Args
  readonly who?: string
  readonly rc?: number
  readonly errno?: string
  readonly signal?: string
  readonly len?: number
  readonly text?: string
  readonly read_errno?: string
  readonly tree?: readonly TreeEntry[]
  readonly data?: readonly unknown[]
  readonly counts?: Tally
  readonly tlbi?: Tally
  readonly tlbi_by?: Readonly<Record<string, Tally>>
  readonly dsb_by?: Readonly<Record<string, Tally>>
  readonly vm?: Tally
  readonly thp?: Tally
  readonly state?: 'unchanged' | readonly RegionState[]
  readonly vmas?: Readonly<Record<string, 'same' | readonly VmaInfo[]>>
  readonly unstable?: readonly string[]
  readonly counts_missing?: unknown
}

/** A file or directory of a listing. */
export interface TreeEntry {
  readonly path: string
  readonly mode: string
  readonly text?: string
  readonly error?: string
}

/** A region as one process sees it. */
export interface RegionState {
  readonly who: string
  readonly r: string
  readonly same?: true
  readonly runs?: readonly Run[]
  readonly folios?: readonly FolioState[]
  readonly pagemap?: readonly unknown[]
}

/** Neighbouring pages that look the same. */
export interface Run {
  readonly at: number
  readonly n: number
  readonly kind: string
  readonly flags?: string
  readonly attr?: string
  readonly folio?: string
  readonly idx?: number
  readonly ref?: number
  readonly map?: number
  readonly excl?: number
  readonly kpf?: string
  readonly fresh?: number
  readonly table?: number
}

/** A folio of order > 0. */
export interface FolioState {
  readonly id: string
  readonly order: number
  readonly ref: number
  readonly map: number
  readonly entire?: number
  readonly pins?: number
  readonly kpf?: string
}

/** A VMA from smaps; sizes in kB. */
export interface VmaInfo {
  readonly r: string
  readonly from: number
  readonly n: number
  readonly perms: string
  readonly VmFlags: string
  readonly [field: string]: string | number
}

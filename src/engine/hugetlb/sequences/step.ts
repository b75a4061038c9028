/**
 * Page-table update sequences as data: one definition is drawn, executed, judged and explored. A
 * sequence is what one CPU does; what other CPUs do meanwhile is the explorer's affair.
 *
 * Source: reference `hvo.md` sections 2 to 4; the terms are those of the threads.
 */
import { ARM_RULES, type ArmRule } from '../../arch/bbm'

/** What a translation permits: `clean` is writable by hardware's dirty update only (DBM with RDONLY). */
export type Access = 'rw' | 'ro' | 'clean'

/** A level-3 entry: the name of a frame and what may be done with it. */
export interface Pte {
  readonly frame: string
  readonly access: Access
  /** Part of a contiguous block made of all entries of the sequence. */
  readonly cont?: boolean
  /** `false`: not accessed yet, so that no TLB may hold it before hardware has set the access flag. */
  readonly accessed?: boolean
}

export type PteValue = Pte | 'invalid'

/** What stands above the entries: a table of them, or one block that maps the same range. */
export type UpperValue =
  | {
      /** First frame of the block; entry `i` gets the i-th after it. */
      readonly block: string
      readonly access: Access
      /** The nT bit (FEAT_BBM level 1). */
      readonly nt?: boolean
    }
  | 'table'
  | 'invalid'

/** Rules of the kernel's own that steps rely on. */
export const KERNEL_RULES = {
  K1: {
    name: 'frozen refcount',
    text: 'a folio whose refcount is 0 gets no new reference, so that nobody stores to its head',
    source: 'hvo.md 2.4; Yu Zhao, 11 Jul 2024'
  },
  K2: {
    name: 'synchronize_rcu before the remap',
    text: 'refcount attempts that started before have ended',
    source: 'hvo.md 2.1; commit bd225530a4c7'
  },
  K3: {
    name: 'free after the flush',
    text: 'no TLB translates to a page that the allocator may hand out',
    source: 'hvo.md 2.1 step 8'
  },
  K4: {
    name: 'nobody else runs',
    text: 'remote CPUs neither run nor take interrupts between the two steps',
    source: 'hvo.md section 4, S2 and S7'
  },
  K5: {
    name: 'interrupts off',
    text: 'no interrupt on the updating CPU touches the range between the two steps',
    source: 'hvo.md H11'
  },
  K6: {
    name: 'fault handler waits for the lock',
    text: 'a kernel fault in the range takes the lock of the updater and tries again',
    source: 'hvo.md S1; Nanyong Sun, 13 Jan 2024'
  },
  K7: {
    name: 'contents by the linear map',
    text: 'the copy is made through another address, so that the entry may be read-only',
    source: 'hvo.md S6; Catalin Marinas, 11 Jul 2024'
  },
  K8: {
    name: 'readers steer away',
    text: 'refcount attempts avoid the pages while the fake-head state says so',
    source: 'hvo.md S8; Will Deacon, 28 Nov 2024'
  },
  K9: {
    name: 'gathered while cleared',
    text: 'an exchange answers what hardware recorded last, so that accessed and dirty are not lost',
    source: 'architecture.md H4'
  },
  K10: {
    name: 'lockless gather begins anew',
    text: 'whoever reads a contiguous block without the lock begins anew where its entries do not agree',
    source: 'ptep_get_lockless of Linux 6.9; contpte.md section 5'
  }
} as const

export type KernelRule = keyof typeof KERNEL_RULES
export type RuleId = ArmRule | KernelRule
/** Every rule a step may name. */
export const RULES: Readonly<Record<RuleId, { readonly name: string; readonly text: string }>> = {
  ...ARM_RULES,
  ...KERNEL_RULES
}

/** What every step may say beside what it does. */
interface Said {
  /** The rule it relies on. */
  readonly rule?: RuleId
  readonly why?: string
}

type Action =
  /** One 64-bit store to an entry, or an atomic exchange that gathers accessed and dirty. */
  | {
      readonly do: 'write entry'
      readonly entry: string
      readonly value: PteValue
      readonly how?: 'store' | 'exchange'
      /** A writable-clean value becomes dirty where an exchange gathered that. */
      readonly dirty?: 'gathered'
    }
  | { readonly do: 'write upper'; readonly value: UpperValue }
  /** Broadcast TLBI of these entries; without a list of the whole range. */
  | { readonly do: 'tlbi'; readonly entries?: readonly string[] }
  /** `ishst` makes stores visible to walkers; `ish` also completes the TLBIs of this CPU. */
  | { readonly do: 'dsb'; readonly domain?: 'ish' | 'ishst' }
  | { readonly do: 'isb' }
  /** Through the linear map, in two halves that others can see. */
  | { readonly do: 'copy page'; readonly from: string; readonly to: string }
  /** Overwrites the first struct pages of a copy (upstream's restore does it). */
  | { readonly do: 'reset page'; readonly frame: string }
  | { readonly do: 'allocate'; readonly frame: string }
  | { readonly do: 'free frame'; readonly frame: string }
  | { readonly do: 'synchronize_rcu' }
  | { readonly do: 'lock'; readonly irqs?: 'on' | 'off' }
  | { readonly do: 'unlock' }
  | { readonly do: 'begin stop_machine' }
  | { readonly do: 'end stop_machine' }
  | { readonly do: 'pause remote CPUs' }
  | { readonly do: 'resume remote CPUs' }
  | { readonly do: 'irqs off' }
  | { readonly do: 'irqs on' }
  | { readonly do: 'steer readers' }
  | { readonly do: 'stop steering' }

export type Step = Action & Said
export type StepKind = Step['do']

/** What a frame holds at the start; `free` is one that `allocate` takes. */
export type Contents = string

export interface Sequence {
  readonly name: string
  readonly title: string
  /** Who proposed it, when. */
  readonly source: string
  /** Entries in the order of their addresses. */
  readonly entries: readonly string[]
  /** Frames in the order of their numbers, with what they hold. */
  readonly frames: Readonly<Record<string, Contents>>
  readonly start: Readonly<Record<string, PteValue>>
  /** What maps the range at the start. Default `table`. */
  readonly upper?: UpperValue
  readonly steps: readonly Step[]
  /** Refcount attempts that began before the freeze have ended before the first step (rule K2). */
  readonly settled?: boolean
}

/** A frame's name for `free`. */
export const FREE: Contents = 'free'

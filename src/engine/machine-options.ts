/** What a machine's configuration may hold, checked: every refusal is `bad-argument` and names the option. */
import { GEOMETRIES, type GranuleName } from './arch/granule'
import type { TlbConfig } from './arch/tlb'
import { EngineError } from './error'

/** What scripts may say of TLBs; what is left out is as unfriendly as the architecture allows, and not random. */
export type TlbOptions = Partial<Omit<TlbConfig, 'cpus'>>

const DEFAULTS: TlbConfig = {
  entries: 64,
  coalesce: 'always',
  evict: 'oldest',
  completion: 'at-dsb',
  records: 'own'
}

const CHOICES = {
  coalesce: ['always', 'never', 'seeded'],
  evict: ['oldest', 'seeded'],
  completion: ['at-dsb', 'at-issue'],
  records: ['own', 'seeded']
} as const

const PROTECTIONS = ['none', 'r', 'w', 'x', 'rw', 'rx', 'wx', 'rwx']

const MAX_TLB_ENTRIES = 4096
const MAX_WALKERS = 16
const MAX_CPUS = 1024
const MIN_MEMORY = 16 * 2 ** 20
const MAX_MEMORY = 4 * 2 ** 40
const MAX_SWAP = 64 * 2 ** 30

function bad(message: string): EngineError {
  return new EngineError('bad-argument', message)
}

function whole(name: string, value: number, low: number, high: number): void {
  if (!Number.isInteger(value) || value < low || value > high) {
    throw bad(`${name} must be a whole number from ${low} to ${high}, not ${value}.`)
  }
}

/** Throws unless `cpus` CPUs can be simulated. */
export function checkCpus(cpus: number): void {
  whole('cpus', cpus, 1, MAX_CPUS)
}

/** Throws unless there is such a granule. */
export function checkGranule(granule: GranuleName): void {
  if (Object.hasOwn(GEOMETRIES, granule)) return
  throw bad(`granule must be one of ${Object.keys(GEOMETRIES).join(', ')}, not ${String(granule)}.`)
}

/** Throws unless the page allocator can work with so much memory: the kernel keeps its largest block. */
export function checkMemory(bytes: number, granule: GranuleName): void {
  if (!Number.isFinite(bytes) || bytes < MIN_MEMORY || bytes > MAX_MEMORY) {
    throw bad(`memory must be from 16 MiB to 4 TiB (${MIN_MEMORY} to ${MAX_MEMORY} bytes), not ${bytes}.`)
  }
  const { pageSize, maxOrder } = GEOMETRIES[granule]
  const least = 2 * pageSize * 2 ** maxOrder
  if (bytes < least) throw bad(`memory must be at least ${least} bytes with ${granule} pages, not ${bytes}.`)
}

/** Throws unless `bytes` make a swap area. */
export function checkSwap(bytes: number, granule: GranuleName): void {
  whole('swap', bytes, GEOMETRIES[granule].pageSize, MAX_SWAP)
}

/** The TLBs of a machine of `cpus` CPUs. */
export function tlbConfig(options: TlbOptions, cpus: number): TlbConfig {
  const config = { ...DEFAULTS, ...options, cpus }
  whole('tlb: entries', config.entries, 1, MAX_TLB_ENTRIES)
  whole('tlb: walkers', config.walkers ?? 0, 0, MAX_WALKERS)
  for (const cpu of config.withoutHafdbs ?? []) whole('tlb: withoutHafdbs: a CPU', cpu, 0, cpus - 1)
  for (const name of ['coalesce', 'evict', 'completion', 'records'] as const) {
    const choices: readonly string[] = CHOICES[name]
    const value = config[name]
    if (value === undefined || choices.includes(value)) continue
    throw bad(`tlb: ${name} must be one of ${choices.join(', ')}, not ${String(value)}.`)
  }
  return config
}

/** Throws `bad-argument` unless `prot` is what `accessFlags` takes. */
export function checkProt(call: string, prot: string): void {
  const access = prot.replace('m', '')
  const sorted = prot === 'none' ? prot : ['r', 'w', 'x'].filter((letter) => access.includes(letter)).join('')
  if (PROTECTIONS.includes(sorted) && sorted.length === access.length) return
  throw bad(
    `${call}: prot must be 'none' or letters of r, w, x such as 'rw' (and m for PROT_MTE), not ${JSON.stringify(prot)}.`
  )
}

/** `machine(options)` and `mmap(options)` as scripts write them, turned into what the engine takes. */
import { CPU_MODELS, type CpuFeatures } from '../../engine/arch/cpu'
import { GEOMETRIES, type GranuleName } from '../../engine/arch/granule'
import { EngineError } from '../../engine/error'
import type { MachineConfig } from '../../engine/machine'
import type { TlbOptions } from '../../engine/machine-options'
import type { SwapDevice } from '../../engine/mm/swap'
import { mteDesign, MTE_DESIGN_NAMES, type MteDesignName } from '../../engine/mte/designs'
import type { MmapRequest } from '../../engine/process'
import { bad, bytes, flag, optional, options, text, whole } from './arguments'
import { costProfileByName, costProfileNames } from './profiles'

const MACHINE = [
  'kernel',
  'cpus',
  'granule',
  'cost',
  'memory',
  'cpu',
  'tlb',
  'swap',
  'swapDevice',
  'mteDesign',
  'tagRestore',
  'commandLine',
  'seed',
  'hvo'
]
const CPU = ['model', 'hafdbs', 'tlbRange', 'kpti', 'lpa2', 'repeatTlbi', 'mte']
const TLB = ['entries', 'coalesce', 'evict', 'completion', 'records', 'strict', 'withoutHafdbs', 'walkers']
const MMAP = ['bytes', 'align', 'prot', 'shared', 'file', 'name', 'huge', 'reserve']
const DEFAULT_MODEL = 'neoverse-n1'

/** The configuration of a machine. `seed` is the cell's, used unless the script gives one. */
export function machineConfig(given: unknown, seed: number): MachineConfig {
  const wanted = options('machine', given, MACHINE)
  if (typeof wanted.kernel !== 'string') throw bad("machine needs a kernel, e.g. { kernel: 'contpte-v2' }")
  if (wanted.cpus !== undefined && typeof wanted.cpus !== 'number')
    throw bad('machine: cpus must be a number')
  return {
    kernel: wanted.kernel,
    cpus: wanted.cpus,
    granule: optional(wanted.granule, granule),
    memoryBytes: bytes('machine', 'memory', wanted.memory),
    swapBytes: bytes('machine', 'swap', wanted.swap),
    swapDevice: optional(wanted.swapDevice, swapDevice),
    mteDesign: optional(wanted.mteDesign, design),
    restoresTagsLate: optional(wanted.tagRestore, restoresLate),
    cost: optional(wanted.cost, profile),
    commandLine: optional(wanted.commandLine, (value) => text('machine: commandLine', value)),
    forceVmemmap: optional(wanted.hvo, (value) => flag('machine: hvo', value)),
    cpu: optional(wanted.cpu, cpuFeatures),
    tlb: optional(wanted.tlb, tlbOptions),
    seed: optional(wanted.seed, (value) => whole('machine: seed', value)) ?? seed
  }
}

function granule(value: unknown): GranuleName {
  const names = Object.keys(GEOMETRIES) as GranuleName[]
  const found = names.find((name) => name === value)
  if (found === undefined) {
    throw bad(`machine: granule must be one of ${names.join(', ')}, not ${JSON.stringify(value)}`)
  }
  return found
}

function swapDevice(value: unknown): SwapDevice {
  const wanted = options('machine: swapDevice', value, ['synchronous', 'compression'])
  const { compression } = wanted
  if (compression !== undefined && !(typeof compression === 'number' && compression >= 1))
    throw bad('machine: swapDevice: compression must be a number from 1 on')
  return {
    synchronous: optional(wanted.synchronous, (one) => flag('machine: swapDevice: synchronous', one)),
    compression
  }
}

function design(value: unknown): MteDesignName {
  const found = mteDesign(text('machine: mteDesign', value))
  if (found !== undefined) return found.name
  throw bad(`machine: mteDesign must be one of ${MTE_DESIGN_NAMES.join(', ')}, not ${JSON.stringify(value)}`)
}

const TAG_RESTORES = ['before release', 'after release'] as const

function restoresLate(value: unknown): boolean {
  const wanted = text('machine: tagRestore', value)
  const found = TAG_RESTORES.findIndex((one) => one === wanted)
  if (found >= 0) return found === 1
  throw bad(`machine: tagRestore must be ${TAG_RESTORES.join(' or ')}, not ${JSON.stringify(value)}`)
}

function model(value: unknown): CpuFeatures {
  const name = text('machine: cpu', value)
  if (Object.hasOwn(CPU_MODELS, name)) return CPU_MODELS[name]
  throw bad(`machine: cpu: no model '${name}'; the models are ${Object.keys(CPU_MODELS).join(', ')}`)
}

function cpuFeatures(value: unknown): CpuFeatures {
  if (typeof value === 'string') return model(value)
  const wanted = options('machine: cpu', value, CPU)
  const base = model(wanted.model ?? DEFAULT_MODEL)
  const chosen = (name: keyof CpuFeatures): boolean =>
    optional(wanted[name], (one) => flag(`machine: cpu: ${name}`, one)) ?? base[name] === true
  return {
    hafdbs: chosen('hafdbs'),
    tlbRange: chosen('tlbRange'),
    kpti: chosen('kpti'),
    lpa2: chosen('lpa2'),
    repeatTlbi: chosen('repeatTlbi'),
    mte: chosen('mte')
  }
}

function tlbOptions(value: unknown): TlbOptions {
  const wanted = options('machine: tlb', value, TLB)
  const choice = (name: string): unknown =>
    optional(wanted[name], (one) => text(`machine: tlb: ${name}`, one))
  const count = (name: string): number | undefined =>
    optional(wanted[name], (one) => whole(`machine: tlb: ${name}`, one))
  const found = {
    entries: count('entries'),
    walkers: count('walkers'),
    coalesce: choice('coalesce'),
    evict: choice('evict'),
    completion: choice('completion'),
    records: choice('records'),
    strict: optional(wanted.strict, (one) => flag('machine: tlb: strict', one)),
    withoutHafdbs: optional(wanted.withoutHafdbs, cpuList)
  }
  // The engine checks the choices, and has its own defaults for what is not there.
  return Object.fromEntries(Object.entries(found).filter(([, one]) => one !== undefined))
}

function cpuList(value: unknown): number[] {
  if (!Array.isArray(value)) throw bad('machine: tlb: withoutHafdbs must be a list of CPUs')
  return value.map((cpu: unknown) => whole('machine: tlb: withoutHafdbs: a CPU', cpu))
}

function profile(name: unknown): ReturnType<typeof costProfileByName> {
  const found = typeof name === 'string' ? costProfileByName(name) : undefined
  if (found) return found
  throw new EngineError(
    'unknown-cost-profile',
    `unknown cost profile ${JSON.stringify(name)}; the profiles are: ${costProfileNames().join(', ')}`
  )
}

/** What `mmap` is asked for. */
export function mmapRequest(given: unknown): MmapRequest {
  const wanted = options('mmap', given, MMAP)
  const size = bytes('mmap', 'bytes', wanted.bytes)
  if (size === undefined) throw bad("mmap needs a size, e.g. { bytes: '1GiB' }")
  const request = {
    bytes: size,
    align: bytes('mmap', 'align', wanted.align),
    prot: optional(wanted.prot, (value) => text('mmap: prot', value)),
    shared: optional(wanted.shared, (value) => flag('mmap: shared', value)),
    name: optional(wanted.name, (value) => text('mmap: name', value)),
    file: optional(wanted.file, mappedFile),
    huge: bytes('mmap', 'huge', wanted.huge),
    reserve: optional(wanted.reserve, (value) => flag('mmap: reserve', value))
  }
  return request
}

function mappedFile(value: unknown): { readonly folioBytes: number } {
  const folio = bytes('mmap: file', 'folio', options('mmap: file', value, ['folio']).folio)
  if (folio === undefined) throw bad("mmap: file needs the size of its folios, e.g. { folio: '64KiB' }")
  return { folioBytes: folio }
}

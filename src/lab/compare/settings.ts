/** The settings files of a replayed case: the `thp`, `sys`, `cat` and `tree` operations. */
import { EngineError } from '../../engine/error'
import type { SizeEnabled } from '../../engine/thp/settings'
import { anonOrders, sizeDirectory } from '../../engine/thp/sizes'
import { Sysfs } from '../../engine/thp/sysfs'
import type { World, WorldConfig } from '../../engine/world'
import { byteLength } from '../../engine/sysfs/parse'
import { failed, Unsupported } from './outcome'
import { recordedStart } from './recorder'
import type { Args, Step } from './schema'

/** Files and directories that the simulator has, or knows not to be; of what lies elsewhere it cannot say whether it is there. */
const KNOWN =
  /^\/(sys\/kernel\/mm\/(transparent_hugepage|hugepages|swap|lru_gen)(\/|$)|sys\/module\/hugetlb_vmemmap(\/|$)|proc\/cmdline$|proc\/sys\/vm\/(nr_hugepages|nr_hugepages_mempolicy|nr_overcommit_hugepages|hugetlb_optimize_vmemmap)$)/

/** What the keys of a `thp` operation stand for, besides sizes and file names. */
const TOP_LEVEL: Readonly<Record<string, string>> = { top: 'enabled', shmem: 'shmem_enabled' }

/** Reads and writes the files of one simulated machine. */
export class SettingsFiles {
  readonly #sysfs: Sysfs
  readonly #world: World
  readonly #config: WorldConfig
  #started = false

  constructor(world: World, config: WorldConfig) {
    this.#world = world
    this.#config = config
    this.#sysfs = new Sysfs(world)
  }

  /** One operation and its result. */
  step(op: string, args: Args): Partial<Step> {
    if (op === 'thp') return this.#thp(args)
    const path = String(args.path)
    if (!KNOWN.test(path)) throw new Unsupported(`${op} ${path} is not simulated`)
    this.#start()
    if (op === 'tree') return this.#tree(path)
    if (op === 'cat') return this.#read(path)
    return { ...(args.val !== undefined && this.#write(path, written(args.val))), ...this.#read(path) }
  }

  /** What the recorder's own memory shows in the files; looked up when the first is read. */
  #start(): void {
    if (this.#started) return
    this.#started = true
    const { thpStats } = this.#world
    const recorder = recordedStart(this.#config)
    recorder.stats.forEach((value, i) => (thpStats.values[i] += value))
    thpStats.addKhugepaged('full_scans', recorder.fullScans)
    for (const [path, value] of recorder.written) this.#sysfs.write(path, value)
  }

  /** All settings to where every case begins, then those named. */
  #thp(args: Args): Partial<Step> {
    const { kernel, geometry } = this.#world
    const sysfs = this.#sysfs
    sysfs.write('enabled', 'never')
    sysfs.write('defrag', 'madvise')
    sysfs.write('use_zero_page', '1')
    sysfs.write('shmem_enabled', 'never')
    if (kernel.thpFiles !== 'linux-6.1') {
      for (const order of anonOrders(geometry)) {
        const state: SizeEnabled = order === geometry.pmdOrder ? 'inherit' : 'never'
        sysfs.write(`${sizeDirectory(geometry, order)}/enabled`, state)
      }
    }
    try {
      for (const [name, value] of Object.entries(args)) {
        if (name === '') continue
        if (!/^\d+kB$/.test(name)) sysfs.write(TOP_LEVEL[name] ?? name, String(value))
        // Kernels without sizes of their own have no such files; the recorder answered EINVAL itself.
        else if (kernel.thpFiles === 'linux-6.1') return { rc: -1, errno: 'EINVAL' }
        else sysfs.write(`hugepages-${name}/enabled`, String(value))
      }
    } catch (error) {
      return failed(error)
    }
    return { rc: 0 }
  }

  #write(path: string, text: string): Partial<Step> {
    try {
      return { rc: this.#sysfs.write(path, text), len: byteLength(text) }
    } catch (error) {
      return { errno: failed(error).errno }
    }
  }

  #read(path: string): Partial<Step> {
    try {
      return { text: this.#sysfs.read(path) }
    } catch (error) {
      return { read_errno: failed(error).errno }
    }
  }

  /** A directory that is not there lists nothing. */
  #tree(path: string): Partial<Step> {
    try {
      return { tree: this.#sysfs.entries(path) }
    } catch (error) {
      if (error instanceof EngineError && error.code === 'ENOENT') return { tree: [] }
      throw error
    }
  }
}

/** What is written: a text, or one repeated. */
function written(val: unknown): string {
  if (typeof val === 'string') return val
  const { repeat = '', times = 0 } = val as { repeat?: string; times?: number }
  return repeat.repeat(times)
}

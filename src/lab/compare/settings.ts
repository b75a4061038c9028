/** The settings files of a replayed case: the `thp`, `sys`, `cat` and `tree` operations. */
import { hugepagePmdEnabled } from '../../engine/mm/khugepaged'
import { Sysfs } from '../../engine/thp/sysfs'
import type { World } from '../../engine/world'
import { failed, Unsupported } from './outcome'
import type { Args, Step } from './schema'

const THP_ROOT = '/sys/kernel/mm/transparent_hugepage/'

/** What the keys of a `thp` operation stand for, besides sizes and file names. */
const TOP_LEVEL: Readonly<Record<string, string>> = { top: 'enabled', shmem: 'shmem_enabled' }

/** Reads and writes the files of one simulated machine. */
export class SettingsFiles {
  readonly #sysfs: Sysfs

  constructor(readonly world: World) {
    this.#sysfs = new Sysfs(world.thp)
  }

  /** One operation and its result. */
  step(op: string, args: Args): Partial<Step> {
    if (op === 'thp') return this.#thp(args)
    const path = String(args.path)
    if (op === 'sys' && path.startsWith(THP_ROOT)) return this.#file(path.slice(THP_ROOT.length), args.val)
    throw new Unsupported(`${op} ${path} is not simulated`)
  }

  /** All settings to where every case begins, then those named. */
  #thp(args: Args): Partial<Step> {
    const { thp, kernel, geometry } = this.world
    thp.top = 'never'
    thp.defrag = 'madvise'
    thp.useZeroPage = 1
    thp.shmem = 'never'
    thp.sizes.fill('never')
    thp.sizes[geometry.pmdOrder] = 'inherit'
    try {
      for (const [name, value] of Object.entries(args)) {
        if (name === '') continue
        if (!/^\d+kB$/.test(name)) this.#sysfs.write(TOP_LEVEL[name] ?? name, String(value))
        // Kernels without sizes of their own have no such files; the recorder answered EINVAL itself.
        else if (kernel.faultOrders === 'pmd-only') return { rc: -1, errno: 'EINVAL' }
        else this.#sysfs.write(`hugepages-${name}/enabled`, String(value))
      }
    } catch (error) {
      return failed(error)
    }
    // khugepaged, stopped before, starts where the PMD size is enabled now: its first pass drains the batches.
    if (hugepagePmdEnabled(this.world)) this.world.lru.drainAll()
    return { rc: 0 }
  }

  #file(path: string, val: unknown): Partial<Step> {
    return { ...(val !== undefined && this.#write(path, written(val))), ...this.#read(path) }
  }

  #write(path: string, text: string): Partial<Step> {
    try {
      this.#sysfs.write(path, text)
      return { rc: text.length, len: text.length }
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
}

/** What is written: a text, or one repeated. */
function written(val: unknown): string {
  if (typeof val === 'string') return val
  const { repeat = '', times = 0 } = val as { repeat?: string; times?: number }
  return repeat.repeat(times)
}

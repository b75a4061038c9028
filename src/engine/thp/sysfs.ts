import { EngineError } from '../error'
import type { Tracer } from '../trace/tracer'
import type { SizeEnabled, ThpSettings, TopEnabled } from './settings'

/** What the writable numbers of khugepaged take; the max_ptes files take 0 to one less than a PMD holds. */
const KHUGEPAGED_LIMITS: Readonly<
  Record<string, { readonly min: number; readonly max: number } | undefined>
> = {
  alloc_sleep_millisecs: { min: 0, max: 2 ** 32 - 1 },
  defrag: { min: 0, max: 1 },
  pages_to_scan: { min: 1, max: 2 ** 32 - 1 },
  scan_sleep_millisecs: { min: 0, max: 2 ** 32 - 1 }
}

/** One file: how it reads, and how it is written unless it is read-only. */
interface SysfsFile {
  show(): string
  store?(text: string): void
}

/**
 * The files under `/sys/kernel/mm/transparent_hugepage/`, by path relative to that directory, as
 * Linux 6.8 has them. Source: reference `thp-sysfs.md` sections 1-3.
 */
export class Sysfs {
  readonly #files = new Map<string, SysfsFile>()

  constructor(
    settings: ThpSettings,
    private readonly trace?: Tracer
  ) {
    addTopLevel(this.#files, settings)
    addSizes(this.#files, settings)
    addKhugepaged(this.#files, settings)
  }

  /** Reads a file: one line that ends in a newline. Throws `ENOENT`, `EISDIR`. */
  read(path: string): string {
    return `${this.#open(path).show()}\n`
  }

  /**
   * Writes a file as one write(2). Throws `EINVAL` for a value the file refuses (`ERANGE` for a
   * number beyond 64 bits), `ENOENT`, `EISDIR`, and `EACCES` for a read-only file.
   */
  write(path: string, value: string): void {
    const file = this.#open(path)
    if (file.store === undefined) throw new EngineError('EACCES', `EACCES: '${path}' is read-only.`)
    if (value === '') return
    const text = value.split('\0', 1)[0]
    try {
      file.store(text)
      const { trace } = this
      trace?.note('sysfs-write', 0, 0, 0, 0, trace.log.text(`${path} = ${text.trim()}`))
    } catch (error) {
      if (!(error instanceof EngineError)) throw error
      throw new EngineError(
        error.code,
        `${error.code}: ${JSON.stringify(value)} is not a value of '${path}': ${error.message}`
      )
    }
  }

  /** Names in a directory, sorted. Throws `ENOENT`, `ENOTDIR`. */
  list(path = ''): string[] {
    const directory = segments(path)
    if (this.#files.has(directory.join('/')))
      throw new EngineError('ENOTDIR', `ENOTDIR: '${path}' is a file.`)
    const names = new Set<string>()
    for (const file of this.#files.keys()) {
      const parts = file.split('/')
      if (parts.length > directory.length && directory.every((part, i) => part === parts[i])) {
        names.add(parts[directory.length])
      }
    }
    if (names.size === 0) throw notFound(path)
    return [...names].sort()
  }

  #open(path: string): SysfsFile {
    const name = segments(path).join('/')
    const file = this.#files.get(name)
    if (file !== undefined) return file
    for (const other of this.#files.keys()) {
      if (name === '' || other.startsWith(`${name}/`)) {
        throw new EngineError('EISDIR', `EISDIR: '${path}' is a directory.`)
      }
      if (name.startsWith(`${other}/`)) {
        throw new EngineError('ENOTDIR', `ENOTDIR: '${other}' is a file, not a directory.`)
      }
    }
    throw notFound(path)
  }
}

function segments(path: string): string[] {
  return path.split('/').filter((part) => part !== '' && part !== '.')
}

function notFound(path: string): EngineError {
  return new EngineError(
    'ENOENT',
    `ENOENT: there is no '${path}' under /sys/kernel/mm/transparent_hugepage/. sysfs.list() names what there is.`
  )
}

/** `sysfs_streq`: the keyword itself, or the keyword and exactly one newline. */
function keyword<T extends string>(text: string, keywords: readonly T[]): T {
  const found = keywords.find((word) => text === word || text === `${word}\n`)
  if (found !== undefined) return found
  throw new EngineError('EINVAL', `it takes exactly one of ${keywords.join(', ')}.`)
}

/**
 * `kstrtoul` base 10: an optional plus, digits, an optional newline. What does not fit 64 bits is
 * `overflow`: the flags pass ERANGE on, most files of khugepaged answer EINVAL to everything.
 */
function unsigned(text: string, min: number, max: number, overflow: 'ERANGE' | 'EINVAL'): number {
  const match = /^\+?(\d+)\n?$/.exec(text)
  if (match === null) throw new EngineError('EINVAL', `it takes a decimal number from ${min} to ${max}.`)
  if (BigInt(match[1]) >= 2n ** 64n) throw new EngineError(overflow, 'the number does not fit 64 bits.')
  const value = Number(match[1])
  if (value < min || value > max) {
    throw new EngineError('EINVAL', `it takes a decimal number from ${min} to ${max}.`)
  }
  return value
}

/** All keywords in fixed order, the chosen one in brackets. */
function bracketed(keywords: readonly string[], chosen: string): string {
  return keywords.map((word) => (word === chosen ? `[${word}]` : word)).join(' ')
}

const TOP: readonly TopEnabled[] = ['always', 'madvise', 'never']
const SIZE: readonly SizeEnabled[] = ['always', 'inherit', 'madvise', 'never']
const DEFRAG = ['always', 'defer', 'defer+madvise', 'madvise', 'never'] as const
const SHMEM = ['always', 'within_size', 'advise', 'never', 'deny', 'force'] as const

function addTopLevel(files: Map<string, SysfsFile>, settings: ThpSettings): void {
  files.set('enabled', {
    show: () => bracketed(TOP, settings.top),
    store: (text) => {
      settings.top = keyword(text, TOP)
    }
  })
  files.set('defrag', {
    show: () => bracketed(DEFRAG, settings.defrag),
    store: (text) => {
      settings.defrag = keyword(text, DEFRAG)
    }
  })
  files.set('use_zero_page', {
    show: () => String(settings.useZeroPage),
    store: (text) => {
      settings.useZeroPage = unsigned(text, 0, 1, 'ERANGE')
    }
  })
  files.set('hpage_pmd_size', {
    show: () => String(settings.geometry.pageSize * 2 ** settings.geometry.pmdOrder)
  })
  files.set('shmem_enabled', {
    show: () => bracketed(SHMEM, settings.shmem),
    store: (text) => {
      if (text.length >= 16) throw new EngineError('EINVAL', `it takes exactly one of ${SHMEM.join(', ')}.`)
      settings.shmem = keyword(text, SHMEM)
    }
  })
}

function addSizes(files: Map<string, SysfsFile>, settings: ThpSettings): void {
  const { geometry, sizes } = settings
  for (let order = 2; order <= geometry.pmdOrder; order++) {
    const kilobytes = (geometry.pageSize * 2 ** order) / 1024
    files.set(`hugepages-${kilobytes}kB/enabled`, {
      show: () => bracketed(SIZE, sizes[order]),
      store: (text) => {
        sizes[order] = keyword(text, SIZE)
      }
    })
  }
}

function addKhugepaged(files: Map<string, SysfsFile>, settings: ThpSettings): void {
  const values = settings.khugepaged
  const pages = 2 ** settings.geometry.pmdOrder
  for (const name of Object.keys(values)) {
    const limits = name.startsWith('max_ptes_') ? { min: 0, max: pages - 1 } : KHUGEPAGED_LIMITS[name]
    files.set(`khugepaged/${name}`, {
      show: () => String(values[name]),
      ...(limits && {
        store: (text: string) => {
          values[name] = unsigned(text, limits.min, limits.max, name === 'defrag' ? 'ERANGE' : 'EINVAL')
        }
      })
    })
  }
}

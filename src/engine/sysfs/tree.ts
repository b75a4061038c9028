/**
 * A file system of settings files as sysfs is one: files are read and written whole, one write(2) at a
 * time; directories are there because files are in them.
 * Source: reference `thp-sysfs.md` section 2; linux-6.12 fs/kernfs/file.c, fs/sysfs/file.c.
 */
import { EngineError } from '../error'
import { byteLength, cutBytes } from './parse'

/** One file: `show` gives its line without the newline; a file without `store` is read-only. */
export interface SysfsFile {
  show?(): string
  store?(text: string): void
}

/** A file or directory of a listing, in the schema of the recordings. */
export interface SysfsEntry {
  /** Relative to the directory listed; of a directory it ends in a slash. */
  readonly path: string
  /** Octal, four digits. */
  readonly mode: string
  readonly text?: string
  /** The errno, where the file cannot be read. */
  readonly error?: string
}

export type SysfsKind = 'file' | 'directory'

/** Files by absolute path. */
export class SysfsTree {
  readonly #files = new Map<string, SysfsFile>()
  /** Names in each directory. */
  readonly #directories = new Map<string, Set<string>>([['', new Set()]])

  constructor(
    /** Directory that relative paths start from; absolute. */
    readonly root: string,
    /** A write is cut after so many bytes. */
    readonly pageSize: number
  ) {}

  /** Adds a file, and the directories above it. */
  add(path: string, file: SysfsFile): void {
    this.#files.set(path, file)
    let child = path
    while (child !== '') {
      const slash = child.lastIndexOf('/')
      const parent = child.slice(0, slash)
      const names = this.#directories.get(parent) ?? new Set<string>()
      this.#directories.set(parent, names.add(child.slice(slash + 1)))
      child = parent
    }
  }

  /** Reads a file: one line that ends in a newline. Throws `ENOENT`, `ENOTDIR`, `EISDIR`, `EACCES`. */
  read(path: string, from = this.root): string {
    const file = this.#open(path, from)
    if (file.show === undefined) throw new EngineError('EACCES', `EACCES: '${path}' is write-only.`)
    return `${file.show()}\n`
  }

  /**
   * Writes a file as one write(2), which takes at most a page; answers the bytes taken. An empty write
   * opens the file and does nothing. Throws what the file answers (`EINVAL`, `ERANGE`, ...), `ENOENT`,
   * `ENOTDIR`, `EISDIR`, and `EACCES` for a read-only file.
   */
  write(path: string, value: string, from = this.root): number {
    const file = this.#open(path, from)
    if (file.store === undefined) throw new EngineError('EACCES', `EACCES: '${path}' is read-only.`)
    if (value === '') return 0
    const text = cutBytes(value, this.pageSize)
    try {
      file.store(text)
    } catch (error) {
      if (!(error instanceof EngineError)) throw error
      throw new EngineError(
        error.code,
        `${error.code}: ${shown(value)} is not a value of '${path}': ${error.message}`
      )
    }
    return byteLength(text)
  }

  /** Names in a directory, sorted. Throws `ENOENT`, `ENOTDIR`. */
  list(path = '', from = this.root): string[] {
    return [...(this.#directories.get(this.#directory(path, from)) ?? [])].sort()
  }

  /** Everything below a directory, depth first, names sorted. Throws as `list`. */
  entries(path = '', from = this.root): SysfsEntry[] {
    const found: SysfsEntry[] = []
    this.#walk(this.#directory(path, from), '', found)
    return found
  }

  /** Whether there is a file or directory. */
  exists(path: string, from = this.root): boolean {
    try {
      this.resolve(path, from)
      return true
    } catch {
      return false
    }
  }

  /** What there is at a path. Throws `ENOENT`, `ENOTDIR`. */
  kind(path: string, from = this.root): SysfsKind {
    return this.#files.has(this.resolve(path, from)) ? 'file' : 'directory'
  }

  /** Mode of a file or directory, octal. Throws as `kind`. */
  mode(path: string, from = this.root): string {
    const file = this.#files.get(this.resolve(path, from))
    if (file === undefined) return '0755'
    if (file.store === undefined) return '0444'
    return file.show === undefined ? '0200' : '0644'
  }

  /**
   * The absolute path that `path`, seen from a directory, names; the root is the empty text. Throws
   * `ENOENT`, and `ENOTDIR` where the way leads through a file.
   */
  resolve(path: string, from = this.root): string {
    let place = path.startsWith('/') ? '' : from
    for (const part of path.split('/')) {
      // A slash after a name wants a directory, also where nothing follows it.
      if (this.#files.has(place)) {
        throw new EngineError('ENOTDIR', `ENOTDIR: '${this.#shorten(place)}' is a file, not a directory.`)
      }
      if (part === '' || part === '.') continue
      place = part === '..' ? place.slice(0, Math.max(0, place.lastIndexOf('/'))) : `${place}/${part}`
      if (!this.#files.has(place) && !this.#directories.has(place)) throw this.#notFound(path)
    }
    return place
  }

  #walk(directory: string, prefix: string, found: SysfsEntry[]): void {
    for (const name of [...(this.#directories.get(directory) ?? [])].sort()) {
      const place = `${directory}/${name}`
      const path = `${prefix}${name}`
      const file = this.#files.get(place)
      if (file === undefined) {
        found.push({ path: `${path}/`, mode: '0755' })
        this.#walk(place, `${path}/`, found)
      } else if (file.show === undefined) {
        found.push({ path, mode: this.mode(place), error: 'EACCES' })
      } else found.push({ path, mode: this.mode(place), text: `${file.show()}\n` })
    }
  }

  #directory(path: string, from: string): string {
    const place = this.resolve(path, from)
    if (this.#directories.has(place)) return place
    throw new EngineError('ENOTDIR', `ENOTDIR: '${path}' is a file.`)
  }

  #open(path: string, from: string): SysfsFile {
    const file = this.#files.get(this.resolve(path, from))
    if (file !== undefined) return file
    throw new EngineError('EISDIR', `EISDIR: '${path}' is a directory.`)
  }

  #shorten(place: string): string {
    return place.startsWith(`${this.root}/`) ? place.slice(this.root.length + 1) : place
  }

  #notFound(path: string): EngineError {
    const where = path.startsWith('/') ? '' : ` under ${this.root}/`
    return new EngineError(
      'ENOENT',
      `ENOENT: there is no '${path}'${where}. sysfs.list() names what there is.`
    )
  }
}

/** A value as messages quote it. */
function shown(value: string): string {
  const text = JSON.stringify(value)
  return text.length > 80 ? `${text.slice(0, 76)}..."` : text
}

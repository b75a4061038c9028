/** The files under `/sys/kernel/mm/transparent_hugepage/`, by path relative to that directory. */
export class Sysfs {
  /** Reads a file. Throws `ENOENT`, `EISDIR`. */
  read(path: string): string {
    throw new Error(`not built yet: read ${path}`)
  }

  /** Writes a file as one write(2). Throws `EINVAL`, `ENOENT`, `EACCES`, `EISDIR`. */
  write(path: string, value: string): void {
    throw new Error(`not built yet: write ${path} ${value}`)
  }

  /** Names in a directory, sorted. Throws `ENOENT`, `ENOTDIR`. */
  list(path = ''): string[] {
    throw new Error(`not built yet: list ${path}`)
  }
}

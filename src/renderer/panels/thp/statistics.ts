/** The statistics files of all sizes as rows and columns. */
import type { TraceSettingFile } from '../../../protocol/trace'
import { formatNumber } from '../../parts/format'
import { sizeText } from './sizes'

export interface Statistics {
  /** Files that any size has, in the order of their first size. */
  readonly names: readonly string[]
  /** From the largest size to the smallest; `–` where a size has no such file. */
  readonly rows: readonly { readonly size: string; readonly values: readonly string[] }[]
}

const STATISTIC = /^hugepages-(\d+)kB\/stats\/(.+)$/

export function statisticsOf(files: readonly TraceSettingFile[]): Statistics {
  const sizes = new Map<number, Map<string, string>>()
  for (const { path, text } of files) {
    const [, kib, name] = STATISTIC.exec(path) ?? []
    if (name === undefined) continue
    const size = sizes.get(Number(kib)) ?? new Map<string, string>()
    sizes.set(Number(kib), size.set(name, formatNumber(Number(text))))
  }
  const largestFirst = [...sizes].sort(([a], [b]) => b - a)
  const names = [...new Set(largestFirst.flatMap(([, values]) => [...values.keys()]))]
  return {
    names,
    rows: largestFirst.map(([kib, values]) => ({
      size: sizeText(kib * 1024),
      values: names.map((name) => values.get(name) ?? '–')
    }))
  }
}

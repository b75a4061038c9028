/** Sizes as people write them. */

const UNITS: Readonly<Record<string, number>> = {
  B: 1,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40
}

/** Bytes of `4096`, `'64KiB'`, `'2MiB'`, `'1.5GiB'`; `undefined` for what is no whole number of bytes. */
export function parseBytes(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isSafeInteger(value) && value >= 0 ? value : undefined
  if (typeof value !== 'string') return undefined
  const match = /^(\d+(?:\.\d+)?)\s?(B|KiB|MiB|GiB|TiB)?$/.exec(value.trim())
  if (!match) return undefined
  const bytes = Number(match[1]) * UNITS[match[2] ?? 'B']
  return Number.isSafeInteger(bytes) ? bytes : undefined
}

/** The shortest exact text with a binary unit: `256 MiB`, `10 MiB`, `1000 B`. */
export function formatBytes(bytes: number): string {
  for (const unit of ['TiB', 'GiB', 'MiB', 'KiB']) {
    if (bytes >= UNITS[unit] && bytes % UNITS[unit] === 0) return `${bytes / UNITS[unit]} ${unit}`
  }
  return `${bytes} B`
}

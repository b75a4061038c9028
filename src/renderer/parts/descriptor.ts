/**
 * A level-3 descriptor, bit by bit, under the names of the Arm ARM and of Linux.
 *
 * Source: Arm ARM DDI 0487 (VMSAv8-64, level-3 page descriptors) and Linux 6.1 to 6.9
 * arch/arm64/include/asm/pgtable-hwdef.h, pgtable-prot.h and pgtable.h for the software bits.
 */

/** One decoded field. */
export interface DescriptorField {
  /** Bit or `high:low`. */
  readonly bits: string
  readonly name: string
  /** Value as shown: a digit, or hexadecimal for wide fields. */
  readonly value: string
  /** What this value means here. */
  readonly meaning: string
  /** Whose name it is. */
  readonly source: string
  /** Whether the field is set; unset ones are drawn quietly. */
  readonly set: boolean
}

/** A decoded descriptor. */
export interface DecodedDescriptor {
  readonly kind: 'page' | 'none' | 'swap' | 'prot-none' | 'reserved'
  /** One line that says what the whole is. */
  readonly title: string
  /** 64-bit value as `0x` and 16 digits. */
  readonly hex: string
  readonly fields: readonly DescriptorField[]
}

interface FieldSpec {
  readonly high: number
  readonly low: number
  readonly name: string
  readonly meaning: (value: bigint) => string
}

const flag = (bit: number, name: string, one: string, zero: string): FieldSpec => ({
  high: bit,
  low: bit,
  name,
  meaning: (value) => (value ? one : zero)
})

const SHAREABILITY = ['non-shareable', 'reserved', 'outer shareable', 'inner shareable']

/** Fields of a page descriptor at level 3, lowest bit first. `pageShift`: 12, 14 or 16. */
function pageFields(pageShift: number): readonly FieldSpec[] {
  return [
    flag(0, 'VALID', 'hardware walks it', 'any access faults'),
    flag(1, 'page', 'page descriptor', 'reserved at level 3'),
    { high: 4, low: 2, name: 'AttrIndx', meaning: (value) => `memory type ${value} of MAIR_EL1` },
    flag(6, 'USER, AP[1]', 'EL0 may access', 'EL0 may not access'),
    flag(7, 'RDONLY, AP[2]', 'not writable now', 'writable now'),
    { high: 9, low: 8, name: 'SH', meaning: (value) => SHAREABILITY[Number(value)] },
    flag(10, 'AF', 'accessed: young', 'not accessed: old'),
    flag(11, 'nG', 'tagged with the ASID', 'global'),
    {
      high: 47,
      low: pageShift,
      name: 'output address',
      meaning: (value) => `page frame ${value.toLocaleString('en')}`
    },
    flag(50, 'GP', 'guarded page (BTI)', 'not guarded'),
    flag(51, 'DBM = WRITE', 'may be made writable by hardware', 'Linux: not writable'),
    flag(52, 'CONT', 'one of a contiguous block', 'stands alone'),
    flag(53, 'PXN', 'no execution at EL1', 'executable at EL1'),
    flag(54, 'UXN', 'no execution at EL0', 'executable at EL0'),
    flag(55, 'DIRTY (software)', 'written since it was clean', 'software sees no write'),
    flag(56, 'SPECIAL (software)', 'no struct page behind it', 'ordinary page'),
    flag(57, 'DEVMAP (software)', 'device memory with struct page', 'not device memory'),
    flag(58, 'PROT_NONE (software)', 'present, though invalid', 'not PROT_NONE')
  ]
}

/** Fields of a swap-type entry (VALID = 0), Linux 6.1 to 6.9. */
const SWAP_FIELDS: readonly FieldSpec[] = [
  flag(0, 'VALID', 'hardware walks it', 'any access faults'),
  flag(2, 'anon-exclusive', 'only this process owns the page', 'may be shared'),
  { high: 7, low: 3, name: 'swap type', meaning: (value) => `swap device ${value}` },
  { high: 57, low: 8, name: 'swap offset', meaning: (value) => `slot ${value.toLocaleString('en')}` }
]

const valueOf = (raw: bigint, high: number, low: number) =>
  (raw >> BigInt(low)) & ((1n << BigInt(high - low + 1)) - 1n)

const ARM = 'Arm ARM, D8.3'
const LINUX = 'Linux pgtable-prot.h'

/** Bits 55 to 58 of a valid descriptor are left to software; Linux names them. */
const pageSource = (high: number) =>
  high >= 55 && high <= 58 ? LINUX : high === 51 ? `${ARM}; ${LINUX}` : ARM
/** Of an invalid one the architecture reads only bit 0. */
const swapSource = (high: number) => (high === 0 ? ARM : 'Linux pgtable.h')

function decodeFields(
  raw: bigint,
  specs: readonly FieldSpec[],
  sourceOf: (high: number) => string = pageSource
): DescriptorField[] {
  return specs.map(({ high, low, name, meaning }) => {
    const value = valueOf(raw, high, low)
    return {
      bits: high === low ? String(low) : `${high}:${low}`,
      name,
      value: high - low > 3 ? `0x${value.toString(16)}` : value.toString(),
      meaning: meaning(value),
      source: sourceOf(high),
      set: value !== 0n
    }
  })
}

/** Descriptor text (hexadecimal, with or without `0x`) to its value; what is no number is 0. */
function parseRaw(raw: string): bigint {
  const digits = raw.replace(/^0x/i, '')
  return /^[0-9a-f]{1,16}$/i.test(digits) ? BigInt(`0x${digits}`) : 0n
}

const RDONLY = 1n << 7n
const WRITE = 1n << 51n
const SOFT_DIRTY = 1n << 55n
const PROT_NONE = 1n << 58n

/**
 * Decodes a level-3 descriptor as it lies in memory.
 *
 * @param raw hexadecimal text, as in `PteView.raw`
 * @param pageSize bytes of the granule: 4096, 16384 or 65536
 */
export function decodeDescriptor(raw: string, pageSize: number): DecodedDescriptor {
  const value = parseRaw(raw)
  const hex = `0x${value.toString(16).padStart(16, '0')}`
  if (value === 0n) return { kind: 'none', title: 'nothing mapped', hex, fields: [] }
  const page = decodeFields(value, pageFields(Math.log2(pageSize)))
  if (value & 1n) {
    if (!(value & 2n)) return { kind: 'reserved', title: 'reserved encoding: faults', hex, fields: page }
    const writable = (value & WRITE) !== 0n
    const dirty = (value & SOFT_DIRTY) !== 0n || (writable && (value & RDONLY) === 0n)
    const title = `${writable ? 'writable' : 'read-only'} page, ${dirty ? 'dirty' : 'clean'}`
    return { kind: 'page', title, hex, fields: page }
  }
  if (value & PROT_NONE) return { kind: 'prot-none', title: 'PROT_NONE: present, faults', hex, fields: page }
  return { kind: 'swap', title: 'swap entry', hex, fields: decodeFields(value, SWAP_FIELDS, swapSource) }
}

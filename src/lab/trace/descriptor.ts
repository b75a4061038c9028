/**
 * A descriptor bit by bit. Sources: Arm ARM DDI 0487 (D8.3, VMSAv8-64 descriptor formats), Linux
 * pgtable-hwdef.h, pgtable-prot.h and pgtable.h of arm64 for what software defines.
 */
import {
  isPmdLeaf,
  isSwapType,
  MIGRATION,
  MARKER,
  TABLE,
  rawDescriptor,
  VALID
} from '../../engine/arch/descriptor'
import type { DescriptorLayout } from '../../engine/arch/descriptor'
import { entryIndex } from '../../engine/mm/walk'
import { KIND } from '../../engine/trace/kinds'
import { HEAD, PLACE } from '../../engine/trace/log'
import type { TraceDescriptor, TraceField } from '../results/trace'
import type { IndexedTrace } from './indexed'
import { replicaOf } from './machine-at'
import { levelsOf } from './state'
import { entryWords } from './words'

const ARM = 'Arm ARM DDI 0487, D8.3'
const LINUX = 'Linux arch/arm64/include/asm'

interface Spec {
  readonly high: number
  readonly low: number
  readonly name: string
  readonly source: string
  readonly meaning: (value: bigint) => string
}

const bit = (at: number, name: string, source: string, one: string, zero: string): Spec => ({
  high: at,
  low: at,
  name,
  source,
  meaning: (value) => (value === 0n ? zero : one)
})
const SHAREABILITY = ['non-shareable', 'reserved', 'outer shareable', 'inner shareable']
const frame = (value: bigint): string => `page frame ${value}`

function leafFields(pageShift: number, layout: DescriptorLayout, block: boolean): Spec[] {
  const modern = layout.swap === 'linux-6.10'
  const shared: Spec = layout.lpa2
    ? {
        high: 9,
        low: 8,
        name: 'OA[51:50]',
        source: `${ARM} (FEAT_LPA2)`,
        meaning: (value) => `address bits ${value}`
      }
    : { high: 9, low: 8, name: 'SH', source: ARM, meaning: (value) => SHAREABILITY[Number(value)] }
  return [
    bit(0, 'VALID', ARM, 'hardware walks it', 'any access faults'),
    bit(1, block ? 'table' : 'page', ARM, 'page descriptor', 'block descriptor'),
    {
      high: 4,
      low: 2,
      name: 'AttrIndx',
      source: ARM,
      meaning: (value) => `memory type ${value} of MAIR_EL1`
    },
    bit(6, 'AP[1], USER', ARM, 'EL0 may access', 'EL0 may not access'),
    bit(7, 'AP[2], RDONLY', ARM, 'not writable now', 'writable now'),
    shared,
    bit(10, 'AF', ARM, 'accessed: young', 'not accessed: old'),
    bit(11, 'nG', ARM, 'tagged with the ASID', 'global'),
    { high: layout.lpa2 ? 49 : 47, low: pageShift, name: 'output address', source: ARM, meaning: frame },
    bit(
      51,
      'DBM, WRITE',
      `${ARM}; ${LINUX}/pgtable-prot.h`,
      'may be made writable by hardware',
      'not writable'
    ),
    bit(52, 'Contiguous', ARM, 'one of a contiguous block', 'stands alone'),
    bit(53, 'PXN', ARM, 'no execution at EL1', 'executable at EL1'),
    bit(54, 'UXN', ARM, 'no execution at EL0', 'executable at EL0'),
    bit(
      55,
      'DIRTY (software)',
      `${LINUX}/pgtable-prot.h`,
      'written since it was clean',
      'software sees no write'
    ),
    bit(
      56,
      'SPECIAL (software)',
      `${LINUX}/pgtable-prot.h`,
      'no struct page that rmap knows',
      'ordinary page'
    ),
    modern
      ? bit(
          58,
          'UFFD_WP (software)',
          `${LINUX}/pgtable-prot.h (6.10)`,
          'write-protected for userfaultfd',
          'not for userfaultfd'
        )
      : bit(
          58,
          'PROT_NONE (software)',
          `${LINUX}/pgtable-prot.h (to 6.9)`,
          'present, though invalid',
          'not PROT_NONE'
        )
  ]
}

const TABLE_FIELDS = (pageShift: number): Spec[] => [
  bit(0, 'VALID', ARM, 'hardware walks it', 'any access faults'),
  bit(1, 'table', ARM, 'points to a table', 'block descriptor'),
  { high: 47, low: pageShift, name: 'next-level table', source: ARM, meaning: (value) => `table ${value}` }
]

function swapFields(layout: DescriptorLayout): Spec[] {
  const modern = layout.swap === 'linux-6.10'
  const source = `${LINUX}/pgtable.h`
  const [typeHigh, typeLow] = modern ? [10, 6] : [7, 3]
  const [high, low] = modern ? [61, 12] : [57, 8]
  const type = {
    high: typeHigh,
    low: typeLow,
    name: 'swap type',
    source,
    meaning: (value: bigint) => `type ${value}`
  }
  return [
    bit(0, 'VALID', ARM, 'hardware walks it', 'any access faults'),
    bit(2, 'anon-exclusive', source, 'only this process owns the page', 'may be shared'),
    ...(modern ? [bit(3, 'uffd-wp', source, 'write-protected for userfaultfd', 'not for userfaultfd')] : []),
    type,
    { high, low, name: 'swap offset', source, meaning: (value) => `slot or frame ${value}` }
  ]
}

function fieldsOf(raw: bigint, specs: readonly Spec[]): TraceField[] {
  return specs.map(({ high, low, name, source, meaning }) => {
    const value = (raw >> BigInt(low)) & ((1n << BigInt(high - low + 1)) - 1n)
    return {
      bits: high === low ? String(low) : `${high}:${low}`,
      name,
      value: high - low > 3 ? `0x${value.toString(16)}` : value.toString(),
      meaning: meaning(value),
      source,
      set: value !== 0n
    }
  })
}

/** The descriptor at a level of the walk to an address, at an event; and who wrote it. */
export function descriptorAt(
  trace: IndexedTrace,
  event: number,
  machine: number,
  pid: number,
  address: number,
  wanted: number | undefined
): TraceDescriptor {
  trace.history.seek(event)
  const replica = replicaOf(trace, machine)
  const { geometry, layout, tables } = replica
  const levels = levelsOf(trace, machine, pid, address)
  const last = levels.at(-1)
  const level = wanted ?? (last === undefined ? 3 : last.level)
  const found = levels.find((each) => each.level === level)
  if (found === undefined)
    return { raw: '0', level, title: 'no table at this level', fields: [], writtenBy: 0, nextWrite: 0 }
  const slot = (found.table << geometry.tableShift) + found.index
  const attr = tables.attr(slot)
  const specs =
    attr === 0
      ? []
      : found.kind === 'table'
        ? TABLE_FIELDS(geometry.pageShift)
        : isSwapType(attr)
          ? swapFields(layout)
          : leafFields(geometry.pageShift, layout, level < 3 && isPmdLeaf(attr))
  const raw = rawDescriptor(attr, tables.pfn(slot), geometry.pageShift, layout)
  const title =
    found.kind === 'table' && (attr & TABLE) === TABLE
      ? `table ${tables.pfn(slot)}`
      : attr !== 0 && (attr & VALID) === 0 && (attr & (MIGRATION | MARKER)) !== 0
        ? entryWords(attr)
        : entryWords(attr)
  return {
    raw,
    level,
    title,
    fields: fieldsOf(BigInt(`0x${raw}`), specs),
    writtenBy: writeOf(trace, machine, slot, event, -1),
    nextWrite: writeOf(trace, machine, slot, event + 1, 1)
  }
}

/** The nearest event from `from` on in a direction that wrote an entry, 0 for none. */
export function writeOf(
  trace: IndexedTrace,
  machine: number,
  slot: number,
  from: number,
  step: 1 | -1
): number {
  const { log } = trace
  for (let event = from; event >= 1 && event <= log.length; event += step) {
    const head = log.lane(event, HEAD)
    if ((head & 0xff) <= KIND['table-link'] && head >>> 20 === machine && log.lane(event, PLACE) === slot)
      return event
  }
  return 0
}

/** Index of an address in the last-level table, for those who look for writes by slot. */
export function lastIndex(trace: IndexedTrace, machine: number, vpn: number): number {
  return entryIndex(trace.shapes[machine].geometry, vpn, 0)
}

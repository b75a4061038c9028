/**
 * Replacing the block that maps a vmemmap range by a table (4K granule only; the others map vmemmap by
 * pages). Source: reference `hvo.md` sections 1, 3 and 6.1.
 */
import type { Access, Sequence, Step } from './step'
import { HEAD, NEIGHBOUR, entriesOf, flush, numbers, old, oldFrames, ownFrames, tail, write } from './vmemmap'

type Builder = (tails: number) => Sequence

function sequence(tails: number, rest: Pick<Sequence, 'name' | 'title' | 'source' | 'steps'>): Sequence {
  const entries = entriesOf(tails)
  return {
    ...rest,
    entries,
    frames: oldFrames(tails),
    start: Object.fromEntries(entries.map((entry) => [entry, 'invalid'])),
    upper: { block: old(0), access: 'rw' },
    settled: true
  }
}

/** The table, filled before anything leads to it. */
function table(tails: number, access: Access): Step[] {
  const values = ownFrames(tails, access)
  return [HEAD, ...numbers(tails).map(tail), NEIGHBOUR].map((entry) => write(entry, values[entry], 'B9'))
}

const everything = (tails: number): Step[] => flush(entriesOf(tails))
const swap: Step = { do: 'write upper', value: 'table', rule: 'B3', why: 'block to table' }

export const splitDirect: Builder = (tails) =>
  sequence(tails, {
    name: 'split-direct',
    title: 'Block to table directly, all writable',
    source: 'Linux 6.12; hvo.md section 6.1',
    steps: [...table(tails, 'rw'), { do: 'dsb', domain: 'ishst' }, swap, ...everything(tails)]
  })

export const splitNt: Builder = (tails) =>
  sequence(tails, {
    name: 'split-nt',
    title: 'Block to table with nT',
    source: 'FEAT_BBM level 1; hvo.md section 3',
    steps: [
      ...table(tails, 'rw'),
      { do: 'write upper', value: { block: old(0), access: 'rw', nt: true }, rule: 'B3' },
      ...everything(tails),
      swap,
      ...everything(tails)
    ]
  })

export const splitReadOnly: Builder = (tails) =>
  sequence(tails, {
    name: 'split-ro',
    title: 'Block to table directly, all read-only',
    source: 'Yu Zhao, 10 Jul 2024 (T3), first step of S5',
    steps: [
      ...table(tails, 'ro'),
      { do: 'dsb', domain: 'ishst' },
      { ...swap, rule: 'B7' },
      ...everything(tails)
    ]
  })

const broken = (tails: number): Step[] => [
  { do: 'write upper', value: 'invalid', rule: 'B6' },
  ...everything(tails),
  { do: 'write upper', value: 'table', rule: 'B9' },
  { do: 'dsb', domain: 'ishst', rule: 'B6' }
]

export const splitBbm: Builder = (tails) =>
  sequence(tails, {
    name: 'split-bbm',
    title: 'Block to table by break-before-make',
    source: 'hvo.md section 6.1',
    steps: [...table(tails, 'rw'), ...broken(tails)]
  })

export const splitBbmPaused: Builder = (tails) =>
  sequence(tails, {
    name: 'split-bbm-paused',
    title: 'Block to table by break-before-make, remote CPUs paused',
    source: 'Yu Zhao, v2 7 Nov 2024 (Y)',
    steps: [
      ...table(tails, 'rw'),
      { do: 'irqs off', rule: 'K5' },
      { do: 'pause remote CPUs', rule: 'K4' },
      ...broken(tails),
      { do: 'resume remote CPUs', rule: 'K4' },
      { do: 'irqs on' }
    ]
  })

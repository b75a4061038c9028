/**
 * The sequences proposed for replacing the vmemmap pages of a hugetlb page (HVO), after a good split.
 * Source: reference `hvo.md` sections 2 and 4; T3 is "A Solution to Re-enable hugetlb vmemmap optimize".
 */
import type { Pte, PteValue, Sequence, Step } from './step'
import {
  HEAD,
  NEIGHBOUR,
  NEW,
  breakBeforeMakeOf,
  entriesOf,
  flush,
  freeOld,
  numbers,
  old,
  oldFrames,
  ownFrames,
  pte,
  tail,
  tailsOf,
  write
} from './vmemmap'

type Builder = (tails: number) => Sequence

/** Upstream's beginning: nobody who counted before is still counting (K2). */
const QUIET: Step = { do: 'synchronize_rcu', rule: 'K2' }

interface Shape {
  readonly name: string
  readonly title: string
  readonly source: string
  readonly steps: readonly Step[]
  /** The head gets a frame of its own. */
  readonly newHead?: boolean
  readonly start?: Readonly<Record<string, PteValue>>
  readonly settled?: boolean
}

function sequence(tails: number, { newHead, start, ...rest }: Shape): Sequence {
  return {
    ...rest,
    entries: entriesOf(tails),
    frames: { ...oldFrames(tails), ...(newHead ? { [NEW]: 'free' } : {}) },
    start: start ?? ownFrames(tails, 'rw')
  }
}

/** A page for the head with the same contents (upstream since 6.2). */
const newHead: Step[] = [
  { do: 'allocate', frame: NEW },
  { do: 'copy page', from: old(0), to: NEW }
]

/** What the entries become: the head writable, the tails read-only on the head's frame. */
const goal = (tails: number, head: string): [string, Pte][] => [
  [HEAD, pte(head, 'rw')],
  ...tailsOf(tails).map((entry): [string, Pte] => [entry, pte(head, 'ro')])
]

const direct = (tails: number): Step[] =>
  goal(tails, NEW).map(([entry, value]) => write(entry, value, 'B2', 'valid to valid'))

const range = (tails: number): string[] => [HEAD, ...tailsOf(tails)]

export const s0: Builder = (tails) =>
  sequence(tails, {
    name: 'S0',
    title: 'Generic code, no care for arm64',
    source: 'Yu Zhao, 5 Jul 2024 (T3); Linux 6.12',
    newHead: true,
    steps: [QUIET, ...newHead, ...direct(tails), ...flush(range(tails)), ...freeOld(0, tails)]
  })

export const s0FreedEarly: Builder = (tails) =>
  sequence(tails, {
    name: 'S0-freed-early',
    title: 'S0, frames freed before the TLBI',
    source: 'hvo.md section 6.2',
    newHead: true,
    steps: [QUIET, ...newHead, ...direct(tails), ...freeOld(0, tails), ...flush(range(tails))]
  })

export const s0Batched: Builder = (tails) => {
  const again = (entry: string): string => `second ${entry}`
  const one = sequence(tails, { name: '', title: '', source: '', newHead: true, steps: [] })
  const mine = (frame: string): boolean => frame !== NEIGHBOUR
  const twice = <T>(record: Readonly<Record<string, T>>, value: (each: T) => T): Record<string, T> => {
    const kept = Object.entries(record).filter(([name]) => mine(name))
    return Object.fromEntries([...kept, ...kept.map(([name, each]) => [again(name), value(each)] as const)])
  }
  const second = (value: PteValue): PteValue =>
    value === 'invalid' ? value : { ...value, frame: again(value.frame) }
  const remap = (name: (text: string) => string): Step[] => [
    { do: 'allocate', frame: name(NEW) },
    { do: 'copy page', from: name(old(0)), to: name(NEW) },
    ...goal(tails, NEW).map(([entry, value]) =>
      write(name(entry), pte(name(value.frame), value.access), 'B2')
    )
  ]
  const both = [...range(tails), ...range(tails).map(again)]
  return {
    name: 'S0-batched',
    title: 'S0 over two folios, one flush for both',
    source: 'Mike Kravetz, Joao Martins, Oct 2023 (6.7); hvo.md section 2.3',
    entries: both,
    frames: twice(one.frames, (contents) => contents),
    start: twice(one.start, second),
    steps: [
      QUIET,
      ...remap((text) => text),
      ...remap(again),
      ...flush(both),
      ...[0, ...numbers(tails)].flatMap((index): Step[] => [
        { do: 'free frame', frame: old(index), rule: 'K3' },
        { do: 'free frame', frame: again(old(index)), rule: 'K3' }
      ])
    ]
  }
}

const withLock = (tails: number, irqs: 'on' | 'off'): Step[] => [
  QUIET,
  ...newHead,
  { do: 'lock', irqs, rule: 'K6' },
  ...breakBeforeMakeOf(goal(tails, NEW)),
  { do: 'unlock' },
  ...freeOld(0, tails)
]

export const s1: Builder = (tails) =>
  sequence(tails, {
    name: 'S1',
    title: 'Break-before-make, the kernel fault handler waits',
    source: 'Nanyong Sun, 13 Jan 2024 (T3)',
    newHead: true,
    steps: withLock(tails, 'on')
  })

export const s1b: Builder = (tails) =>
  sequence(tails, {
    name: 'S1b',
    title: 'S1 with a lock of its own, interrupts off',
    source: 'Nanyong Sun, Feb 2024 (T3)',
    newHead: true,
    steps: withLock(tails, 'off')
  })

export const s2: Builder = (tails) =>
  sequence(tails, {
    name: 'S2',
    title: 'Break-before-make inside stop_machine',
    source: 'Catalin Marinas, 25 Jan 2024 (T3)',
    newHead: true,
    steps: [
      QUIET,
      { do: 'allocate', frame: NEW },
      { do: 'begin stop_machine', rule: 'K4' },
      { do: 'copy page', from: old(0), to: NEW },
      ...breakBeforeMakeOf(goal(tails, NEW)),
      { do: 'end stop_machine' },
      ...freeOld(0, tails)
    ]
  })

export const s3: Builder = (tails) =>
  sequence(tails, {
    name: 'S3',
    title: 'Leave the mapping, give the frames away',
    source: 'Catalin Marinas, 7 Feb 2024 (T3)',
    steps: [QUIET, ...freeOld(1, tails)]
  })

/** RO, flush, [copy,] new frame while RO, flush, head RW, flush. */
const readOnlyFirst = (tails: number, copy: 'none' | 'after' | 'early'): Step[] => {
  const copies = numbers(tails).map((index): Step => ({
    do: 'copy page',
    from: old(0),
    to: old(index),
    rule: 'K7'
  }))
  return [
    QUIET,
    write(HEAD, pte(old(0), 'ro'), 'B5'),
    ...numbers(tails).map((index) => write(tail(index), pte(old(index), 'ro'), 'B5')),
    ...(copy === 'early' ? copies : []),
    ...flush(range(tails)),
    ...(copy === 'after' ? copies : []),
    ...shareWhileReadOnly(tails)
  ]
}

const shareWhileReadOnly = (tails: number): Step[] => [
  ...tailsOf(tails).map((entry) => write(entry, pte(old(0), 'ro'), 'B2', 'both read-only')),
  ...flush(tailsOf(tails)),
  write(HEAD, pte(old(0), 'rw'), 'B5'),
  ...flush([HEAD]),
  ...freeOld(1, tails)
]

export const s4: Builder = (tails) =>
  sequence(tails, {
    name: 'S4',
    title: 'Read-only first',
    source: 'Catalin Marinas, 10 Jul 2024 (T3)',
    steps: readOnlyFirst(tails, 'none')
  })

export const s5: Builder = (tails) =>
  sequence(tails, {
    name: 'S5',
    title: 'Split into read-only entries, then as S4',
    source: 'Yu Zhao, 10 Jul 2024 (T3)',
    start: ownFrames(tails, 'ro'),
    settled: true,
    steps: shareWhileReadOnly(tails)
  })

export const s6: Builder = (tails) =>
  sequence(tails, {
    name: 'S6',
    title: 'S4 with the contents made equal first',
    source: 'Catalin Marinas, 11 Jul 2024 (T3)',
    steps: readOnlyFirst(tails, 'after')
  })

export const s6CopyEarly: Builder = (tails) =>
  sequence(tails, {
    name: 'S6-copy-early',
    title: 'S6, copied before the TLBI of the read-only step',
    source: 'hvo.md section 6.2',
    steps: readOnlyFirst(tails, 'early')
  })

export const s6OneStore: Builder = (tails) =>
  sequence(tails, {
    name: 'S6-one-store',
    title: 'S6 with permission and frame in one store',
    source: 'hvo.md section 6.2',
    newHead: true,
    steps: [
      QUIET,
      ...newHead,
      ...numbers(tails).map((index): Step => ({ do: 'copy page', from: old(0), to: old(index), rule: 'K7' })),
      ...direct(tails),
      ...flush(range(tails)),
      ...freeOld(0, tails)
    ]
  })

const paused = (tails: number, irqs: boolean): Step[] => [
  QUIET,
  { do: 'allocate', frame: NEW },
  ...(irqs ? [] : [{ do: 'irqs off', rule: 'K5' } as const]),
  { do: 'pause remote CPUs', rule: 'K4' },
  { do: 'copy page', from: old(0), to: NEW },
  ...breakBeforeMakeOf(goal(tails, NEW)),
  { do: 'resume remote CPUs', rule: 'K4', why: 'remote CPUs execute an ISB' },
  ...(irqs ? [] : [{ do: 'irqs on' } as const]),
  ...freeOld(0, tails)
]

export const s7: Builder = (tails) =>
  sequence(tails, {
    name: 'S7',
    title: 'Remote CPUs paused, interrupts off',
    source: 'Yu Zhao, v1 21 Oct and v2 7 Nov 2024 (Y)',
    newHead: true,
    steps: paused(tails, false)
  })

export const s7Rfc: Builder = (tails) =>
  sequence(tails, {
    name: 'S7-rfc',
    title: 'Remote CPUs paused, local interrupts on',
    source: 'Yu Zhao, RFC 6 Aug 2024 (Y)',
    newHead: true,
    steps: paused(tails, true)
  })

export const s8: Builder = (tails) =>
  sequence(tails, {
    name: 'S8',
    title: 'Break-before-make, refcount attempts steer away',
    source: 'Will Deacon, 28 Nov 2024 (Y)',
    newHead: true,
    steps: [
      QUIET,
      ...newHead,
      { do: 'steer readers', rule: 'K8' },
      ...breakBeforeMakeOf(goal(tails, NEW)),
      { do: 'stop steering' },
      ...freeOld(0, tails)
    ]
  })

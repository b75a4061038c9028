/** Giving the tails pages of their own again (de-HVO). Source: reference `hvo.md` sections 2.2, 4 and 6.3. */
import type { PteValue, Sequence, Step } from './step'
import {
  HEAD,
  NEIGHBOUR,
  breakBeforeMakeOf,
  entriesOf,
  flush,
  fresh,
  numbers,
  old,
  pte,
  tail,
  tailsOf,
  write
} from './vmemmap'

type Builder = (tails: number) => Sequence

function sequence(tails: number, rest: Pick<Sequence, 'name' | 'title' | 'source' | 'steps'>): Sequence {
  const frames: Record<string, string> = { [old(0)]: 'head', [NEIGHBOUR]: 'neighbour' }
  const start: Record<string, PteValue> = { [HEAD]: pte(old(0), 'rw') }
  for (const index of numbers(tails)) {
    frames[fresh(index)] = 'free'
    start[tail(index)] = pte(old(0), 'ro')
  }
  start[NEIGHBOUR] = pte(NEIGHBOUR, 'rw')
  return { ...rest, entries: entriesOf(tails), frames, start }
}

/** New pages with the head's contents; upstream then overwrites the first three struct pages. */
const filled = (tails: number, reset: boolean): Step[] =>
  numbers(tails).flatMap((index): Step[] => [
    { do: 'allocate', frame: fresh(index) },
    { do: 'copy page', from: old(0), to: fresh(index) },
    ...(reset ? [{ do: 'reset page', frame: fresh(index) } as const] : [])
  ])

const resets = (tails: number): Step[] =>
  numbers(tails).map((index) => ({ do: 'reset page', frame: fresh(index), rule: 'K7' }))

const own = (tails: number, access: 'rw' | 'ro', rule: Step['rule']): Step[] =>
  numbers(tails).map((index) => write(tail(index), pte(fresh(index), access), rule))

export const d0: Builder = (tails) =>
  sequence(tails, {
    name: 'D0',
    title: 'Restore directly',
    source: 'Yu Zhao, 5 Jul 2024 (T3); Linux 6.12',
    steps: [
      { do: 'synchronize_rcu', rule: 'K2' },
      ...filled(tails, true),
      ...own(tails, 'rw', 'B2'),
      ...flush(tailsOf(tails))
    ]
  })

const readOnlyFirst = (tails: number, before: readonly Step[], between: readonly Step[]): Step[] => [
  { do: 'synchronize_rcu', rule: 'K2' },
  ...before,
  ...own(tails, 'ro', 'B2'),
  ...flush(tailsOf(tails)),
  ...between,
  ...own(tails, 'rw', 'B5'),
  ...flush(tailsOf(tails))
]

export const d1: Builder = (tails) =>
  sequence(tails, {
    name: 'D1',
    title: 'Restore read-only first, contents reset after the remap',
    source: 'Catalin Marinas, 10 Jul 2024 (T3)',
    steps: readOnlyFirst(tails, filled(tails, false), resets(tails))
  })

export const d1ResetFirst: Builder = (tails) =>
  sequence(tails, {
    name: 'D1-reset-first',
    title: 'D1, struct pages reset before the remap as upstream does',
    source: 'hvo.md section 6.3',
    steps: readOnlyFirst(tails, filled(tails, true), [])
  })

export const d7: Builder = (tails) =>
  sequence(tails, {
    name: 'D7',
    title: 'Restore by break-before-make while remote CPUs are paused',
    source: 'Yu Zhao, v2 7 Nov 2024 (Y)',
    steps: [
      { do: 'synchronize_rcu', rule: 'K2' },
      { do: 'irqs off', rule: 'K5' },
      { do: 'pause remote CPUs', rule: 'K4' },
      ...filled(tails, true),
      ...breakBeforeMakeOf(numbers(tails).map((index) => [tail(index), pte(fresh(index), 'rw')])),
      { do: 'resume remote CPUs', rule: 'K4' },
      { do: 'irqs on' }
    ]
  })

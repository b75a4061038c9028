import { model, type SequenceStep } from 'contpte-lab'

// A block of four entries: what holds for it does not depend on how many there are.
const entries = ['e0', 'e1', 'e2', 'e3']
const frames = { f0: 'data', f1: 'data', f2: 'data', f3: 'data' }

const readOnly = (from: number, to: number): SequenceStep[] =>
  entries.slice(from, to).map((entry, index) => ({
    do: 'write entry',
    entry,
    value: { frame: `f${from + index}`, access: 'ro', cont: true },
    how: 'exchange',
    rule: 'B5'
  }))
const flush: SequenceStep[] = [{ do: 'dsb', domain: 'ishst' }, { do: 'tlbi' }, { do: 'dsb' }]

export default model({
  title: 'mprotect of half a block without unfolding it',
  claim:
    'After the flush a translation of the whole block may still be made of an entry with the other permission',
  source: 'Arm ARM RJQQTC; reference contpte.md',
  sequence: {
    name: 'mprotect-half',
    entries,
    frames,
    start: Object.fromEntries(
      entries.map((entry, index) => [entry, { frame: `f${index}`, access: 'rw', cont: true }])
    ),
    steps: [...readOnly(0, 2), ...flush]
  },
  agents: [
    { kind: 'reader', entries, on: 'remote', user: true },
    { kind: 'writer', entries: ['e0', 'e3'], on: 'remote', user: true }
  ]
})

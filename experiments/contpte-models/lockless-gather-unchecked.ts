import { model, type SequenceStep } from 'contpte-lab'

// A block of four entries: what holds for it does not depend on how many there are.
const entries = ['e0', 'e1', 'e2', 'e3']
const frames = { f0: 'data', f1: 'data', f2: 'data', f3: 'data' }

const flush: SequenceStep[] = [{ do: 'dsb', domain: 'ishst' }, { do: 'tlbi' }, { do: 'dsb' }]
const clear = entries.map((entry): SequenceStep => ({
  do: 'write entry',
  entry,
  value: 'invalid',
  how: 'exchange',
  rule: 'B6'
}))
const convert = (cont: boolean): SequenceStep[] => [
  ...clear,
  ...flush,
  ...entries.map((entry, index): SequenceStep => ({
    do: 'write entry',
    entry,
    value: { frame: `f${index}`, access: 'clean', ...(cont ? { cont } : {}) },
    dirty: 'gathered',
    rule: 'B9'
  })),
  { do: 'dsb', domain: 'ishst' }
]

export default model({
  title: 'Reading a block without the lock, and believing what is found',
  claim:
    'A reader that takes the entries as they come may answer clean for a block that was dirty all the time',
  source:
    'Ryan Roberts, V2 14/14 (the gather of access and dirty); Linux 6.9 ptep_get_lockless; contpte.md section 5',
  sequence: {
    name: 'lockless-gather-unchecked',
    entries,
    frames,
    start: Object.fromEntries(
      entries.map((entry, index) => [entry, { frame: `f${index}`, access: 'clean', cont: true }])
    ),
    steps: [...convert(false), ...convert(true)]
  },
  agents: [
    { kind: 'gather', entries: ['e0', 'e2'], unchecked: true },
    { kind: 'writer', entries: ['e0', 'e3'], on: 'remote', user: true }
  ]
})

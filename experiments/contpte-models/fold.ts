import { model, type SequenceStep } from 'contpte-lab'

// A block of four entries: what holds for it does not depend on how many there are.
const entries = ['e0', 'e1', 'e2', 'e3']
const frames = { f0: 'data', f1: 'data', f2: 'data', f3: 'data' }

const clear = entries.map((entry): SequenceStep => ({
  do: 'write entry',
  entry,
  value: 'invalid',
  how: 'exchange',
  rule: 'B6'
}))
const flush: SequenceStep[] = [{ do: 'dsb', domain: 'ishst' }, { do: 'tlbi' }, { do: 'dsb' }]
const folded = entries.map((entry, index): SequenceStep => ({
  do: 'write entry',
  entry,
  value: { frame: `f${index}`, access: 'clean', cont: true },
  dirty: 'gathered',
  rule: 'B9'
}))

export default model({
  title: 'Folding four entries into a block',
  claim: 'With break-before-make the contiguous bit may be set entry by entry',
  source: 'Ryan Roberts, V2 12/14; architecture.md C4',
  sequence: {
    name: 'fold',
    entries,
    frames,
    start: Object.fromEntries(
      entries.map((entry, index) => [entry, { frame: `f${index}`, access: 'clean' }])
    ),
    steps: [...clear, ...flush, ...folded, { do: 'dsb', domain: 'ishst' }]
  },
  agents: [
    { kind: 'reader', entries, on: 'remote', user: true },
    { kind: 'writer', entries: ['e0', 'e3'], on: 'remote', user: true }
  ]
})

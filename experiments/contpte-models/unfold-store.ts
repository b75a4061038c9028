import { model, type SequenceStep } from 'contpte-lab'

// A block of four entries: what holds for it does not depend on how many there are.
const entries = ['e0', 'e1', 'e2', 'e3']
const frames = { f0: 'data', f1: 'data', f2: 'data', f3: 'data' }

const clear = entries.map((entry): SequenceStep => ({
  do: 'write entry',
  entry,
  value: 'invalid',
  how: 'store',
  rule: 'B6'
}))
const flush: SequenceStep[] = [{ do: 'dsb', domain: 'ishst' }, { do: 'tlbi' }, { do: 'dsb' }]
const plain = entries.map((entry, index): SequenceStep => ({
  do: 'write entry',
  entry,
  value: { frame: `f${index}`, access: 'clean' },
  dirty: 'gathered',
  rule: 'B9'
}))

export default model({
  title: 'Unfolding with plain stores instead of exchanges',
  claim: 'A store that hardware records between the read and the clear is lost',
  source: 'architecture.md H4; David Hildenbrand on v1',
  sequence: {
    name: 'unfold-store',
    entries,
    frames,
    start: Object.fromEntries(
      entries.map((entry, index) => [entry, { frame: `f${index}`, access: 'clean', cont: true }])
    ),
    steps: [...clear, ...flush, ...plain, { do: 'dsb', domain: 'ishst' }]
  },
  agents: [
    { kind: 'reader', entries, on: 'remote', user: true },
    { kind: 'writer', entries: ['e0', 'e3'], on: 'remote', user: true }
  ]
})

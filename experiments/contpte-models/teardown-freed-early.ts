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
const free = entries.map((_, index): SequenceStep => ({ do: 'free frame', frame: `f${index}`, rule: 'K3' }))

export default model({
  title: 'Clearing a folded block, pages freed before the flush',
  claim: 'A whole-block translation outlives the entries it was made of',
  source: 'architecture.md T4; hvo.md H7',
  sequence: {
    name: 'teardown-freed-early',
    entries,
    frames,
    start: Object.fromEntries(
      entries.map((entry, index) => [entry, { frame: `f${index}`, access: 'clean', cont: true }])
    ),
    steps: [...clear, ...free, ...flush]
  },
  agents: [
    { kind: 'reader', entries, on: 'remote', user: true },
    { kind: 'writer', entries: ['e0', 'e3'], on: 'remote', user: true },
    { kind: 'allocator' }
  ]
})

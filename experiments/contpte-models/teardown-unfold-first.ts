import { model, type SequenceStep } from 'contpte-lab'

// A block of four entries: what holds for it does not depend on how many there are.
const entries = ['e0', 'e1', 'e2', 'e3']
const frames = { f0: 'data', f1: 'data', f2: 'data', f3: 'data' }

const clear = entries.slice(0, 1).map((entry): SequenceStep => ({
  do: 'write entry',
  entry,
  value: 'invalid',
  how: 'exchange',
  rule: 'B6'
}))
const flush: SequenceStep[] = [{ do: 'dsb', domain: 'ishst' }, { do: 'tlbi' }, { do: 'dsb' }]
const free: SequenceStep[] = [{ do: 'free frame', frame: 'f0', rule: 'K3' }]

export default model({
  title: 'Clearing one entry of a folded block without unfolding the others',
  claim: 'The rest keeps the contiguous bit, so a walk may bring back a translation of the page that is gone',
  source: 'Ryan Roberts, V2 14/14: partial unmapping unfolds first',
  sequence: {
    name: 'teardown-unfold-first',
    entries,
    frames,
    start: Object.fromEntries(
      entries.map((entry, index) => [entry, { frame: `f${index}`, access: 'rw', cont: true }])
    ),
    steps: [...clear, ...flush, ...free]
  },
  agents: [{ kind: 'reader', entries, on: 'remote', user: true }, { kind: 'allocator' }]
})

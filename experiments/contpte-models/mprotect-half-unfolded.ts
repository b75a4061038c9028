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
const plain = (access: 'clean' | 'ro', from: number): SequenceStep[] =>
  entries.slice(from, from + 2).map((entry, index) => ({
    do: 'write entry',
    entry,
    value: { frame: `f${from + index}`, access },
    dirty: 'gathered',
    rule: 'B9'
  }))

export default model({
  title: 'mprotect of half a block after unfolding it',
  claim: 'Pages have permissions of their own once the contiguous bit is gone',
  source: 'Ryan Roberts, V2 12/14',
  sequence: {
    name: 'mprotect-half-unfolded',
    entries,
    frames,
    start: Object.fromEntries(
      entries.map((entry, index) => [entry, { frame: `f${index}`, access: 'clean', cont: true }])
    ),
    steps: [...clear, ...flush, ...plain('ro', 0), ...plain('clean', 2), { do: 'dsb', domain: 'ishst' }]
  },
  agents: [
    { kind: 'reader', entries, on: 'remote', user: true },
    { kind: 'writer', entries: ['e0', 'e3'], on: 'remote', user: true }
  ]
})

import { model, type SequenceStep } from 'contpte-lab'

// A block of four entries: what holds for it does not depend on how many there are.
const entries = ['e0', 'e1', 'e2', 'e3']
const frames = { f0: 'data', f1: 'data', f2: 'data', f3: 'data' }

const flush: SequenceStep[] = [{ do: 'dsb', domain: 'ishst' }, { do: 'tlbi' }, { do: 'dsb' }]
const visible: SequenceStep = { do: 'dsb', domain: 'ishst' }
const clear = entries.map((entry): SequenceStep => ({
  do: 'write entry',
  entry,
  value: 'invalid',
  how: 'exchange',
  rule: 'B6'
}))
const set = (cont: boolean, from = 0, to = 4): SequenceStep[] =>
  entries.slice(from, to).map((entry, index) => ({
    do: 'write entry',
    entry,
    value: { frame: `f${from + index}`, access: 'clean', ...(cont ? { cont } : {}) },
    dirty: 'gathered',
    rule: 'B9'
  }))
const convert = (cont: boolean): SequenceStep[] => [...clear, ...flush, ...set(cont), visible]
const writeProtect = (cont: boolean): SequenceStep[] =>
  ['e2', 'e3'].map((entry, index) => ({
    do: 'write entry',
    entry,
    value: { frame: `f${2 + index}`, access: 'ro', ...(cont ? { cont } : {}) },
    how: 'exchange',
    rule: 'B5'
  }))

// While the lock is free, a fault of another CPU maps the first two pages and folds the block. The two
// updaters hold the lock in turn, so that their steps follow each other.
const otherUpdater: SequenceStep[] = [...set(false, 0, 2), visible, ...convert(true)]

export default model({
  title: 'A block folds while fork has dropped its lock, and its rest is write-protected as it is',
  claim:
    'Without the unfold the block has two permissions after the flush: a page may be written through what another entry says',
  source: 'Barry Song and Ryan Roberts, V2 thread, messages 35 to 46; reference fork.md E3',
  sequence: {
    name: 'fork-lock-break-refold-in-place',
    entries,
    frames,
    // The first two are empty when fork passes them.
    start: { e2: { frame: 'f2', access: 'clean' }, e3: { frame: 'f3', access: 'clean' } },
    steps: [
      { do: 'lock' },
      { do: 'unlock' },
      ...otherUpdater,
      { do: 'lock' },
      ...writeProtect(true),
      { do: 'unlock' },
      ...flush
    ]
  },
  agents: [
    { kind: 'reader', entries, on: 'remote', user: true },
    { kind: 'writer', entries: ['e0', 'e3'], on: 'remote', user: true }
  ]
})

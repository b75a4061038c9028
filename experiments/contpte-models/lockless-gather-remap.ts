import { model, type SequenceStep } from 'contpte-lab'

// A block of four entries: what holds for it does not depend on how many there are.
const entries = ['e0', 'e1', 'e2', 'e3']
const frames = {
  ...{ f0: 'data', f1: 'data', f2: 'data', f3: 'data' },
  ...{ g0: 'other', g1: 'other', g2: 'other', g3: 'other' }
}

const flush: SequenceStep[] = [{ do: 'dsb', domain: 'ishst' }, { do: 'tlbi' }, { do: 'dsb' }]
const clear = entries.map((entry): SequenceStep => ({
  do: 'write entry',
  entry,
  value: 'invalid',
  how: 'exchange',
  rule: 'B6'
}))
const other = entries.map((entry, index): SequenceStep => ({
  do: 'write entry',
  entry,
  value: { frame: `g${index}`, access: 'rw', cont: true },
  rule: 'B9'
}))

export default model({
  title: 'Reading a block without the lock while another folio takes its place',
  claim: 'What is gathered is of one folio: entries that lead elsewhere make the reader begin anew',
  source: 'Linux 6.9 ptep_get_lockless: every entry must lead on from the first; contpte.md section 5',
  sequence: {
    name: 'lockless-gather-remap',
    entries,
    frames,
    start: Object.fromEntries(
      entries.map((entry, index) => [entry, { frame: `f${index}`, access: 'clean', cont: true }])
    ),
    steps: [...clear, ...flush, ...other, { do: 'dsb', domain: 'ishst' }]
  },
  agents: [{ kind: 'gather', entries: ['e0', 'e2'] }]
})

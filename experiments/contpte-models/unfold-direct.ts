import { model, type SequenceStep } from 'contpte-lab'

// A block of four entries: what holds for it does not depend on how many there are.
const entries = ['e0', 'e1', 'e2', 'e3']
const frames = { f0: 'data', f1: 'data', f2: 'data', f3: 'data' }

const plain = entries.map((entry, index): SequenceStep => ({
  do: 'write entry',
  entry,
  value: { frame: `f${index}`, access: 'rw' },
  rule: 'B3'
}))

export default model({
  title: 'Unfolding a block without break-before-make',
  claim: 'Needs FEAT_BBM level 1 by the rule, and CPUs that never abort to be safe',
  source: 'Ryan Roberts, V2 12/14; Miko Lenczewski, BBML2 for contpte, 2025',
  sequence: {
    name: 'unfold-direct',
    entries,
    frames,
    start: Object.fromEntries(
      entries.map((entry, index) => [entry, { frame: `f${index}`, access: 'rw', cont: true }])
    ),
    steps: [...plain, { do: 'dsb', domain: 'ishst' }, { do: 'tlbi' }, { do: 'dsb' }]
  },
  agents: [
    { kind: 'reader', entries, on: 'remote', user: true },
    { kind: 'writer', entries: ['e0', 'e3'], on: 'remote', user: true }
  ]
})

import { model, type TaskStep } from 'contpte-lab'

const lock: TaskStep = { text: 'locks the folio', when: { folio: 'free' }, set: { folio: 'locked' } }
const unlock: TaskStep = { text: 'unlocks the folio', set: { folio: 'free' } }
const lookup: TaskStep = { text: 'looks up the tags saved for the slot', set: { '@found': '$saved' } }
const copy: TaskStep[] = [
  { text: 'copies the first half of the tags', if: { '@mine': 'yes' }, set: { low: '$@found' } },
  { text: 'copies the second half of the tags', if: { '@mine': 'yes' }, set: { high: '$@found' } }
]
const release: TaskStep = { text: 'gives the swap entry back', add: { count: -1 } }
const map: TaskStep[] = [
  {
    text: 'clears the tags of a page that has none',
    if: { flag: 'clear' },
    set: { flag: 'set', low: 0, high: 0 }
  },
  { text: 'sets the entry', set: { '@mapped': 'yes' } }
]
const read: TaskStep = {
  text: 'reads the tags of its page',
  must: { low: 'own', high: 'own' },
  harm: 'a process reads tags that are not those it set',
  rule: 'M5'
}
// Design M5: what is remembered of the folio decides, and it is noted before the tags are there.
const ask: TaskStep = {
  text: 'notes that the folio has its tags, which was not noted yet',
  if: { restored: 'no' },
  set: { restored: 'yes', '@mine': 'yes' }
}
const done: TaskStep = { text: 'sets PG_mte_tagged', if: { '@mine': 'yes' }, set: { flag: 'set' } }
const fault: TaskStep[] = [lock, ask, lookup, ...copy, done, release, ...map, unlock, read]

export default model({
  title: 'M5: the folio is remembered to have its tags, under the folio lock',
  claim: 'With the lock of the folio, which every swap-in holds, remembering is enough',
  source: 'David Hildenbrand, 20 Nov 2023; mte-swap.md section 4.5',
  state: { folio: 'free', restored: 'no', flag: 'clear', low: 'old', high: 'old', saved: 'own', count: 2 },
  tasks: [
    { name: 'fault of A', steps: fault },
    { name: 'fault of B', steps: fault }
  ]
})

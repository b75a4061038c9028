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
  rule: 'PG_mte_lock'
}
// Test-and-set comes first, and the copy after it.
const take: TaskStep = {
  text: 'sets PG_mte_tagged, which was clear',
  if: { '@found': 'own', flag: 'clear' },
  set: { flag: 'set', '@mine': 'yes' }
}
const fault: TaskStep[] = [lock, lookup, take, ...copy, release, ...map, unlock, read]

export default model({
  title: 'Two faults restore the tags of one page, flag first, under the folio lock',
  claim:
    "The lock of the folio is held on swap-in and swap-out, so that no fault meets another one's half-copied tags",
  source: 'David Hildenbrand, 20 Nov 2023, answering Barry Song, 17 Nov 2023; mte-swap.md section 4.5',
  state: { folio: 'free', flag: 'clear', low: 'old', high: 'old', saved: 'own', count: 2 },
  tasks: [
    { name: 'fault of A', steps: fault },
    { name: 'fault of B', steps: fault }
  ]
})

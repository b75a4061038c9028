import { model, type TaskStep } from 'contpte-lab'

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
  rule: 'H1'
}
const take: TaskStep = {
  text: 'takes PG_mte_lock of the page',
  if: { '@found': 'own', flag: 'clear' },
  set: { flag: 'locked', '@mine': 'yes' }
}
const done: TaskStep = { text: 'sets PG_mte_tagged', if: { '@mine': 'yes' }, set: { flag: 'set' } }
const wait: TaskStep = { text: 'waits for PG_mte_tagged', if: { '@mine': 0 }, when: { flag: 'set' } }
const fault: TaskStep[] = [lookup, take, ...copy, done, wait, release, ...map, read]

export default model({
  title: 'Two faults restore the tags of one page, PG_mte_lock',
  claim:
    'Two processes fault on the same swap entry, and one CPU finds the other in the middle of copying tags. PG_mte_lock lets one of them initialise the page, once; the other waits for PG_mte_tagged. It holds even without the lock of the folio',
  source: 'Catalin Marinas, Nov 2022, commit d77e59a8fccd (6.2); mte-swap.md sections 1.4 and 2',
  state: { folio: 'free', flag: 'clear', low: 'old', high: 'old', saved: 'own', count: 2 },
  tasks: [
    { name: 'fault of A', steps: fault },
    { name: 'fault of B', steps: fault }
  ]
})

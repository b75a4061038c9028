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
  rule: 'PG_mte_lock'
}
// Test-and-set comes first, and the copy after it.
const take: TaskStep = {
  text: 'sets PG_mte_tagged, which was clear',
  if: { '@found': 'own', flag: 'clear' },
  set: { flag: 'set', '@mine': 'yes' }
}
const fault: TaskStep[] = [lookup, take, ...copy, release, ...map, read]

export default model({
  title: 'Two faults restore the tags of one page, flag first',
  claim:
    'Up to 6.1 PG_mte_tagged is set before the tags are copied, and nobody waits: whoever finds it set maps the page and reads tags that are not there yet, where no other lock keeps them apart',
  source:
    'mte-swap.md sections 1.4 and 2 (6.1 has no PG_mte_lock); Barry Song, 17 Nov 2023, on locks that are missing',
  state: { folio: 'free', flag: 'clear', low: 'old', high: 'old', saved: 'own', count: 2 },
  tasks: [
    { name: 'fault of A', steps: fault },
    { name: 'fault of B', steps: fault }
  ]
})

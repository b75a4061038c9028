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
  rule: 'H14'
}
const restore: TaskStep[] = [
  {
    text: 'takes PG_mte_lock of the page',
    if: { '@found': 'own', flag: 'clear' },
    set: { flag: 'locked', '@mine': 'yes' }
  },
  ...copy,
  { text: 'sets PG_mte_tagged', if: { '@mine': 'yes' }, set: { flag: 'set' } }
]
// A slot that no entry names and no folio owns waits in a slot cache; draining that frees the slot, and the tags with it.
const drain: TaskStep[] = [
  { text: 'frees the slot and its tags', if: { count: 0, cached: 'no' }, set: { saved: 'none' } }
]
const fault: TaskStep[] = [lookup, ...restore, release, ...map, read]

export default model({
  title: 'Tags are restored, then the slot is given back',
  claim:
    'The entry keeps the slot, and with it the saved tags, until they have been copied: whenever another CPU frees what is given back, the tags are right',
  source: 'mte-swap.md sections 2.2 (steps 6 and 7) and 2.4',
  state: { cached: 'no', flag: 'clear', low: 'old', high: 'old', saved: 'own', count: 1 },
  tasks: [
    { name: 'fault', steps: fault },
    { name: 'another CPU', steps: drain }
  ]
})

import { model, type TaskStep } from 'contpte-lab'

const unmap: TaskStep = { text: 'puts the swap entry in place of the entry', set: { entry: 'swap' } }
const flush: TaskStep = { text: 'completes the invalidations that it put off', set: { tlb: 'none' } }
const save: TaskStep = { text: 'saves the tags of the page', set: { saved: '$tags' } }
const write: TaskStep = { text: 'writes the page and frees it', set: { page: 'gone' } }
// Only an entry that is dirty already lets a TLB store: else the walk that sets the dirty state finds the entry gone.
const user: TaskStep[] = [
  {
    text: 'tags the page through its TLB entry',
    if: { tlb: 'valid' },
    set: { tags: 'new', '@own': 'new' }
  },
  {
    text: 'finds the swap entry, and the page is read back',
    when: { page: 'gone' },
    set: { tags: '$saved' }
  },
  {
    text: 'reads the tags that it set',
    if: { '@own': 'new' },
    must: { tags: 'new' },
    harm: 'a process reads tags that are older than those it set',
    rule: 'save after flush'
  }
]

export default model({
  title: 'Tags are saved, then the flush',
  claim:
    'Were tags saved when the entry is taken out, as one could where the folio is unmapped, a thread could still set others through its TLB until the invalidations that were put off are complete, and these would be lost',
  source:
    'own deduction of swap-reclaim.md section 2.1.5 and mte-swap.md section 2.1: steps in the other order',
  state: { entry: 'valid', tlb: 'valid', tags: 'old', saved: 'none', page: 'mapped' },
  tasks: [
    { name: 'reclaim', steps: [unmap, save, flush, write] },
    { name: 'a thread of the process', steps: user }
  ]
})

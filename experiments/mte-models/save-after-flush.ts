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
  title: 'Tags are saved after the flush',
  claim:
    'Reclaim puts invalidations off, so that a TLB may let a thread tag a page whose entry is gone already. They are completed before the page is written, and tags are saved as part of that: what is saved is what the thread set last',
  source:
    'swap-reclaim.md sections 2.1.5 and 2.2.1, mte-swap.md section 2.1 (6.12 `shrink_folio_list`, `swap_writepage`)',
  state: { entry: 'valid', tlb: 'valid', tags: 'old', saved: 'none', page: 'mapped' },
  tasks: [
    { name: 'reclaim', steps: [unmap, flush, save, write] },
    { name: 'a thread of the process', steps: user }
  ]
})

import { model } from 'contpte-lab'

export default model({
  title: 'S8: readers steer away',
  claim: 'Plain readers still fault; refcount attempts depend on the checks',
  source: 'Will Deacon, 28 Nov 2024 (Y)',
  sequence: 'S8',
  agents: [
    { kind: 'reader', entries: ['tail1'] },
    { kind: 'refcount', entries: ['tail1'] },
    { kind: 'writer', entries: ['head'], frozen: true },
    { kind: 'allocator' }
  ]
})

import { model } from 'contpte-lab'

export default model({
  title: 'S4 with refcount attempts on a tail',
  claim: 'Depends on whether fake-head and refcount checks are ordered',
  source: 'Will Deacon, 25 Nov 2024 (Y)',
  sequence: 'S4',
  content: 'ignored',
  agents: [
    { kind: 'refcount', entries: ['tail1'] },
    { kind: 'writer', entries: ['head'], frozen: true },
    { kind: 'allocator' }
  ]
})

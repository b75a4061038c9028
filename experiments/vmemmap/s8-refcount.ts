import { model } from 'contpte-lab'

export default model({
  title: 'S8 for refcount attempts alone',
  claim: 'Safe if the fake-head test is reliable',
  source: 'Will Deacon, 28 Nov 2024 (Y)',
  sequence: 'S8',
  properties: ['fault', 'freed-page', 'lost-write'],
  agents: [
    { kind: 'refcount', entries: ['tail1'] },
    { kind: 'writer', entries: ['head'], frozen: true },
    { kind: 'allocator' }
  ]
})

import { model } from 'contpte-lab'

export default model({
  title: 'S6 with the copy before the TLBI',
  claim: 'A stale writable entry may change a tail after it was copied',
  source: 'hvo.md 6.2',
  sequence: 'S6-copy-early',
  properties: ['contents'],
  agents: [
    { kind: 'reader', entries: ['tail1'] },
    { kind: 'refcount', entries: ['tail1'] },
    { kind: 'writer', entries: ['head'], frozen: true },
    { kind: 'allocator' }
  ]
})

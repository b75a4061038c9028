import { model } from 'contpte-lab'

export default model({
  title: 'S6 with references taken meanwhile',
  claim: 'A store to the head faults while its entry is read-only',
  source: 'hvo.md H5',
  sequence: 'S6',
  agents: [{ kind: 'writer', entries: ['head'] }, { kind: 'allocator' }]
})

import { model } from 'contpte-lab'

export default model({
  title: 'S0 with references taken meanwhile',
  claim: 'A reference taken through a stale entry is lost',
  source: 'hvo.md H4',
  sequence: 'S0',
  architecture: 'x86-64',
  properties: ['lost-write'],
  agents: [{ kind: 'writer', entries: ['head'] }, { kind: 'allocator' }]
})

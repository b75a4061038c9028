import { model } from 'contpte-lab'

export default model({
  title: 'S0 with the frames freed before the TLBI',
  claim: 'Somebody else gets a page that TLBs still translate to',
  source: 'hvo.md H7',
  sequence: 'S0-freed-early',
  architecture: 'x86-64',
  agents: [
    { kind: 'reader', entries: ['tail1'] },
    { kind: 'writer', entries: ['head'], frozen: true },
    { kind: 'writer', entries: ['neighbour'] },
    { kind: 'allocator' }
  ]
})

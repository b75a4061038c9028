import { model } from 'contpte-lab'

export default model({
  title: 'S6: contents made equal first',
  claim: 'Fully compliant while the head is frozen',
  source: 'Catalin Marinas, 11 Jul 2024 (T3)',
  sequence: 'S6',
  agents: [
    { kind: 'reader', entries: ['tail1'] },
    { kind: 'writer', entries: ['head'], frozen: true },
    { kind: 'writer', entries: ['neighbour'] },
    { kind: 'allocator' }
  ]
})

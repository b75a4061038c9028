import { model } from 'contpte-lab'

export default model({
  title: 'S4: read-only first',
  claim: 'Safe for readers where the clause about contents is ignored, and broken where it counts',
  source: 'Catalin Marinas, 10 Jul 2024 (T3)',
  sequence: 'S4',
  agents: [
    { kind: 'reader', entries: ['tail1'] },
    { kind: 'writer', entries: ['head'], frozen: true },
    { kind: 'writer', entries: ['neighbour'] },
    { kind: 'allocator' }
  ]
})

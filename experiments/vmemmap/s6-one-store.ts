import { model } from 'contpte-lab'

export default model({
  title: 'S6 with permission and frame in one store',
  claim: 'Never change both at once',
  source: 'Catalin Marinas, 10 Jul 2024 (T3)',
  sequence: 'S6-one-store',
  agents: [
    { kind: 'reader', entries: ['tail1'] },
    { kind: 'writer', entries: ['head'], frozen: true },
    { kind: 'writer', entries: ['neighbour'] },
    { kind: 'allocator' }
  ]
})

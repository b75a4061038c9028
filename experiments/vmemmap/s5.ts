import { model } from 'contpte-lab'

export default model({
  title: 'S5: split into read-only entries',
  claim: 'A neighbour in the same 2 MiB faults on its first store',
  source: 'Catalin Marinas, 11 Jul 2024 (T3)',
  sequence: 'S5',
  content: 'ignored',
  agents: [
    { kind: 'writer', entries: ['neighbour'] },
    { kind: 'writer', entries: ['head'], frozen: true },
    { kind: 'allocator' }
  ]
})

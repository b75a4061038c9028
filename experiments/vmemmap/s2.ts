import { model } from 'contpte-lab'

export default model({
  title: 'S2: break-before-make inside stop_machine',
  claim: 'Nobody runs while entries are invalid',
  source: 'Catalin Marinas, 25 Jan 2024 (T3)',
  sequence: 'S2',
  agents: [
    { kind: 'reader', entries: ['tail1'] },
    { kind: 'refcount', entries: ['tail1'] },
    { kind: 'writer', entries: ['head'] },
    { kind: 'writer', entries: ['neighbour'] },
    { kind: 'allocator' }
  ]
})

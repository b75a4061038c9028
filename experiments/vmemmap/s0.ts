import { model } from 'contpte-lab'

export default model({
  title: 'S0: the generic sequence on arm64',
  claim: 'Replacing entries directly breaks break-before-make, because the old ones are writable',
  source: 'Catalin Marinas, 10 Jul 2024 (T3)',
  sequence: 'S0',
  agents: [
    { kind: 'reader', entries: ['tail1'] },
    { kind: 'writer', entries: ['head'], frozen: true },
    { kind: 'writer', entries: ['neighbour'] },
    { kind: 'allocator' }
  ]
})

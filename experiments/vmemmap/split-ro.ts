import { model } from 'contpte-lab'

export default model({
  title: 'Block to read-only table directly',
  claim: 'Whether size and permission may change in one store is not settled',
  source: 'Yu Zhao, 11 Jul 2024 (T3)',
  sequence: 'split-ro',
  bbm: '2-noabort',
  agents: [
    { kind: 'reader', entries: ['tail1'] },
    { kind: 'writer', entries: ['head'], frozen: true },
    { kind: 'allocator' }
  ]
})

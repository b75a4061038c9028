import { model } from 'contpte-lab'

export default model({
  title: 'Block to table directly',
  claim: 'Needs FEAT_BBM level 2, and CPUs that never abort',
  source: 'Catalin Marinas, 11 Jul 2024 (T3)',
  sequence: 'split-direct',
  bbm: 2,
  agents: [
    { kind: 'reader', entries: ['tail1'] },
    { kind: 'writer', entries: ['head'], frozen: true },
    { kind: 'writer', entries: ['neighbour'] },
    { kind: 'allocator' }
  ]
})

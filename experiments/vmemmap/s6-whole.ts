import { model } from 'contpte-lab'

export default model({
  title: 'S6 with the split of the PMD before it',
  claim: 'With FEAT_BBM level 2 and no conflict aborts the whole change is compliant',
  source: 'Catalin Marinas, 11 Jul 2024 (T3)',
  sequence: ['split-direct', 'S6'],
  bbm: '2-noabort',
  agents: [
    { kind: 'reader', entries: ['tail1'] },
    { kind: 'writer', entries: ['head'], frozen: true },
    { kind: 'writer', entries: ['neighbour'] },
    { kind: 'allocator' }
  ]
})

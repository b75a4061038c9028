import { model } from 'contpte-lab'

export default model({
  title: 'D1: restore read-only first',
  claim: 'Compliant even without FEAT_BBM',
  source: 'Catalin Marinas, 10 Jul 2024 (T3)',
  sequence: 'D1',
  agents: [
    { kind: 'reader', entries: ['tail1'] },
    { kind: 'writer', entries: ['head'], frozen: true },
    { kind: 'allocator' }
  ]
})

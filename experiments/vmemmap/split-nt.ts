import { model } from 'contpte-lab'

export default model({
  title: 'Block to table with nT',
  claim: 'Compliant at level 1, where a translation fault stays allowed meanwhile',
  source: 'FEAT_BBM; hvo.md 6.1',
  sequence: 'split-nt',
  bbm: 1,
  agents: [
    { kind: 'reader', entries: ['tail1'] },
    { kind: 'writer', entries: ['head'], frozen: true },
    { kind: 'writer', entries: ['neighbour'] },
    { kind: 'allocator' }
  ]
})

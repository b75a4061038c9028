import { model } from 'contpte-lab'

export default model({
  title: 'Block to table while remote CPUs are paused',
  claim: 'Break-before-make is safe while nobody else runs',
  source: 'Yu Zhao, v2 7 Nov 2024 (Y)',
  sequence: 'split-bbm-paused',
  agents: [
    { kind: 'reader', entries: ['tail1'] },
    { kind: 'writer', entries: ['head'], frozen: true },
    { kind: 'writer', entries: ['neighbour'] },
    { kind: 'allocator' }
  ]
})

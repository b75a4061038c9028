import { model } from 'contpte-lab'

export default model({
  title: 'S7: remote CPUs paused',
  claim: 'Break-before-make is safe while nobody else runs and interrupts are off',
  source: 'Yu Zhao, v2 7 Nov 2024 (Y)',
  sequence: 'S7',
  agents: [
    { kind: 'reader', entries: ['tail1'] },
    { kind: 'writer', entries: ['head'] },
    { kind: 'writer', entries: ['neighbour'] },
    { kind: 'allocator' }
  ]
})

import { model } from 'contpte-lab'

export default model({
  title: 'D7: restore while remote CPUs are paused',
  claim: 'Break-before-make is safe while nobody else runs',
  source: 'Yu Zhao, v2 7 Nov 2024 (Y)',
  sequence: 'D7',
  agents: [
    { kind: 'reader', entries: ['tail1'] },
    { kind: 'writer', entries: ['head'], frozen: true },
    { kind: 'allocator' }
  ]
})

import { model } from 'contpte-lab'

export default model({
  title: 'S3: leave the mapping, give the frames away',
  claim: 'Readers of tails find what somebody else wrote',
  source: 'Yu Zhao, 5 Jul 2024 (T3)',
  sequence: 'S3',
  agents: [{ kind: 'reader', entries: ['tail1'] }, { kind: 'allocator' }]
})

import { model } from 'contpte-lab'

export default model({
  title: 'D0: restore directly',
  claim: 'The new entries are writable, so break-before-make is asked for',
  source: 'Yu Zhao, 5 Jul 2024 (T3)',
  sequence: 'D0',
  agents: [
    { kind: 'reader', entries: ['tail1'] },
    { kind: 'writer', entries: ['head'], frozen: true },
    { kind: 'allocator' }
  ]
})

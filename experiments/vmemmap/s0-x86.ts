import { model } from 'contpte-lab'

export default model({
  title: 'S0 where no break-before-make is asked for',
  claim: 'On x86-64 the generic sequence is safe while the head is frozen',
  source: 'Linux 6.12; hvo.md 6.2',
  sequence: 'S0',
  architecture: 'x86-64',
  agents: [
    { kind: 'reader', entries: ['tail1'] },
    { kind: 'writer', entries: ['head'], frozen: true },
    { kind: 'writer', entries: ['neighbour'] },
    { kind: 'allocator' }
  ]
})

import { model } from 'contpte-lab'

export default model({
  title: 'Block to table by break-before-make',
  claim: 'Everybody who touches the 2 MiB meanwhile faults',
  source: 'hvo.md 6.1',
  sequence: 'split-bbm',
  agents: [
    { kind: 'reader', entries: ['tail1'] },
    { kind: 'writer', entries: ['head'], frozen: true },
    { kind: 'writer', entries: ['neighbour'] },
    { kind: 'allocator' }
  ]
})

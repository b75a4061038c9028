import { model } from 'contpte-lab'

export default model({
  title: 'S7 as first posted: local interrupts on',
  claim: 'An interrupt on the updating CPU finds the invalid entries',
  source: 'Yu Zhao, RFC 6 Aug 2024 (Y)',
  sequence: 'S7-rfc',
  agents: [
    { kind: 'reader', entries: ['tail1'] },
    { kind: 'writer', entries: ['head'], frozen: true },
    { kind: 'allocator' }
  ]
})

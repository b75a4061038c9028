import { model } from 'contpte-lab'

export default model({
  title: 'D1 with the struct pages reset first',
  claim: 'Contents differ when the frame changes',
  source: 'hvo.md 6.3',
  sequence: 'D1-reset-first',
  agents: [
    { kind: 'reader', entries: ['tail1'] },
    { kind: 'writer', entries: ['head'], frozen: true },
    { kind: 'allocator' }
  ]
})

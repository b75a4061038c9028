import { model } from 'contpte-lab'

export default model({
  title: 'S1: break-before-make and a fault handler',
  claim: 'The handler deadlocks where the fault comes from an interrupt on the updating CPU',
  source: 'Catalin Marinas, 7 Feb 2024 (T3)',
  sequence: 'S1',
  assume: { faults: 'handled' },
  agents: [
    { kind: 'reader', entries: ['tail1'] },
    { kind: 'writer', entries: ['head'], frozen: true },
    { kind: 'allocator' }
  ]
})

import { model } from 'contpte-lab'

export default model({
  title: 'S1b: the same with interrupts off',
  claim: 'Without NMIs nothing deadlocks; every other CPU still faults in the kernel',
  source: 'Nanyong Sun, Feb 2024 (T3)',
  sequence: 'S1b',
  assume: { faults: 'handled' },
  agents: [
    { kind: 'reader', entries: ['tail1'] },
    { kind: 'writer', entries: ['head'], frozen: true },
    { kind: 'allocator' }
  ]
})

import { model } from 'contpte-lab'

export default model({
  title: 'S0 over two folios with one flush',
  claim: 'CPUs disagree on the frame for longer, and break the same rule',
  source: 'Mike Kravetz, Joao Martins, Oct 2023',
  sequence: 'S0-batched',
  agents: [{ kind: 'reader', entries: ['tail1', 'second tail1'] }, { kind: 'allocator' }]
})

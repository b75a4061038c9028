/** What `npm run bench -- explorer` explores: S6 without a neighbour, the model of head-tail.pml. */
import { sequenceOf } from '../../src/engine/hugetlb/sequences'
import { NEIGHBOUR } from '../../src/engine/hugetlb/sequences/vmemmap'
import { branchesOf } from '../../src/explorer/explore'
import { modelOf, type Model } from '../../src/explorer/model'
import type { Reductions } from '../../src/explorer/program'
import { Search } from '../../src/explorer/search'

const TAILS = 2

export function headTailModel(cpus: number, copies: boolean): Model {
  const { entries, frames, start, steps, ...rest } = sequenceOf('S6', TAILS)!
  const own = <T>(record: Readonly<Record<string, T>>): Record<string, T> =>
    Object.fromEntries(Object.entries(record).filter(([name]) => name !== NEIGHBOUR))
  return modelOf({
    title: 'head and tails',
    sequence: {
      ...rest,
      entries: entries.filter((name) => name !== NEIGHBOUR),
      frames: own(frames),
      start: own(start),
      steps: steps.filter((step) => step.do !== 'synchronize_rcu' && (copies || step.do !== 'copy page'))
    },
    agents: [{ kind: 'reader', entries: ['tail1', 'tail2'], on: 'remote' }],
    cpus,
    maxStates: 2 ** 26
  })
}

/** One whole search. */
export function headTailSearch(model: Model, reductions: Reductions) {
  const start = process.hrtime.bigint()
  const search = new Search(model, branchesOf(model)[0], reductions)
  while (search.run(1_000_000) === 'running');
  const seconds = Number(process.hrtime.bigint() - start) / 1e9
  const { states, transitions } = search.progress
  const verdict = search.status === 'complete' ? 'safe' : search.status === 'found' ? 'unsafe' : 'undecided'
  return { verdict, seconds, states, transitions, bytesPerState: search.bytesPerState }
}

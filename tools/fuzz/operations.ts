/** Every operation of the fuzzer, and how often each is chosen. */
import * as access from './access'
import * as kernel from './kernel'
import type { Life, Proc } from './life'
import * as mapping from './mapping'
import * as process from './process'
import * as tags from './tags'

/** One kind of step. */
export interface Operation {
  readonly weight: number
  readonly run: (life: Life, proc: Proc) => void
  /** Whether it can be done at all now; a step that cannot be taken is a write instead. */
  readonly possible?: (life: Life) => boolean
}

const NAMED = {
  write: { weight: 32, run: access.write },
  read: { weight: 12, run: access.read },
  agent: { weight: 8, run: access.agent },
  mmap: { weight: 6, run: mapping.mmap },
  mmapFile: { weight: 2, run: mapping.mmapFile },
  mmapHuge: { weight: 2, run: mapping.mmapHuge },
  pool: { weight: 1, run: mapping.pool },
  munmap: { weight: 3, run: mapping.munmap },
  mprotect: { weight: 7, run: mapping.mprotect },
  mremap: { weight: 4, run: mapping.mremap },
  mlock: { weight: 1, run: mapping.mlock },
  dontneed: { weight: 5, run: mapping.advising('dontneed') },
  free: { weight: 6, run: mapping.advising('free') },
  cold: { weight: 2, run: mapping.advising('cold') },
  pageout: { weight: 3, run: mapping.advising('pageout') },
  collapse: { weight: 1, run: mapping.advising('collapse') },
  populate: { weight: 2, run: mapping.advising('populate') },
  advise: { weight: 3, run: mapping.advising('flags') },
  fork: {
    weight: 5,
    run: process.fork,
    possible: ({ procs, plan }) => plan.forks && procs.length < plan.procs
  },
  // The last process mostly stays: a new one has nothing to lose.
  exit: {
    weight: 2,
    run: process.exit,
    possible: ({ procs, random }) => procs.length > 1 || random.below(4) === 0
  },
  numaHint: { weight: 2, run: kernel.hint, possible: kernel.mayTakeAccess },
  userfault: {
    weight: 2,
    run: kernel.userfault,
    possible: (life) => life.world.kernel.layout === 'linux-6.10' && kernel.mayTakeAccess(life)
  },
  migrate: { weight: 2, run: kernel.migrate },
  pin: { weight: 2, run: process.pin },
  unpin: { weight: 1, run: process.unpin },
  clearRefs: { weight: 1, run: process.clearRefs },
  thpDisable: { weight: 1, run: process.thpDisable },
  markChp: { weight: 1, run: process.markChp, possible: ({ world }) => world.kernel.pteOps === 'exposed' },
  sysfs: { weight: 3, run: process.sysfs },
  drain: { weight: 1, run: process.drain },
  setTags: { weight: 5, run: tags.setTags, possible: tags.hasTags },
  getTags: { weight: 3, run: tags.getTags, possible: tags.hasTags },
  reclaim: { weight: 1, run: tags.reclaim, possible: ({ world }) => world.swap?.synchronous === false }
} satisfies Record<string, Operation>

export type OpName = keyof typeof NAMED
export const OPERATIONS: Readonly<Record<OpName, Operation>> = NAMED
export const NAMES = Object.keys(NAMED) as readonly OpName[]

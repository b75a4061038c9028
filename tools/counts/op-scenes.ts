/** The engine's side of `op-sheets.ts`: one folio of two blocks, and what is done to it. */
import { AF, DIRTY, PAGE_READONLY, RDONLY, mkdirty, mkwrite } from '../../src/engine/arch/descriptor'
import { fixture, unfoldSilently, type Fixture } from '../../src/engine/check/fixture'
import { VM_CHP } from '../../src/engine/mm/exposed/block'
import { blockAnonymousFault } from '../../src/engine/mm/exposed/fault'
import { handleFault } from '../../src/engine/mm/fault'
import { forkMm } from '../../src/engine/mm/fork'
import { pinUserPages } from '../../src/engine/mm/gup'
import { VM_READ } from '../../src/engine/mm/mm'
import { mprotectRange } from '../../src/engine/mm/mprotect'
import { swapArea } from '../../src/engine/mm/swap-entries'
import { UnmapFlush, tryToUnmap } from '../../src/engine/mm/unmap-folio'
import { dontneed } from '../../src/engine/mm/zap'
import { COUNTER_NAMES } from '../../src/engine/trace/counters'
import { GRANULES, type Case } from './shape'
import type { Figures } from './sheet'

/** A world before the operation. `j`: pages, where the scene has them. */
interface Scene {
  readonly f: Fixture
  readonly c: number
  readonly j: number
}

/** How the entries are before: folded, foldable but plain, or an empty VMA. */
type State = 'folded' | 'plain' | 'empty'

/** Pages that the scenes with j take; of the block of 16 not all, and odd and even. */
export const J = 6

/** Changes entries without counting. */
function each({ f, c }: Scene, how: (attr: number) => number): void {
  const { tables } = f.world
  for (let page = 0; page < c; page++) {
    const slot = f.slot(page)
    tables.set(slot, how(tables.attr(slot)), tables.pfn(slot))
  }
}

/** Stores pages of a new folio one by one into an empty block. */
function storeSingly({ f, c }: Scene, up: boolean): () => void {
  const pfn = f.world.folios.alloc(Math.log2(c))
  return () => {
    for (let i = 0; i < c; i++) {
      const page = up ? i : c - 1 - i
      f.world.ops.setPtes(f.mm, f.slot(page), pfn + page, PAGE_READONLY, 1)
    }
  }
}

/** Prepares, uncounted, and answers what is counted. */
type Play = (scene: Scene) => () => void

const on =
  (body: (scene: Scene, slot: number) => void): Play =>
  (scene) => {
    const slot = scene.f.slot(3)
    return () => body(scene, slot)
  }

const setOne: Play = (scene) => {
  const { f } = scene
  const pfn = f.world.folios.alloc(0)
  return () => f.world.ops.setPtes(f.mm, f.slot(3), pfn, mkwrite(PAGE_READONLY), 1)
}

/** `ptep_set_access_flags` on entries that lack `lacks`, so that they get `gives`. */
const access =
  (lacks: (attr: number) => number, gives: (attr: number) => number, store: boolean): Play =>
  (scene) => {
    const { f } = scene
    each(scene, lacks)
    const entry = gives(f.world.tables.attr(f.slot(3)))
    return () => f.world.ops.ptepSetAccessFlags(f.mm, f.slot(3), entry, store)
  }

const same = (attr: number): number => attr
const clean = (attr: number): number => (attr & ~DIRTY) | RDONLY
const youngDirty = (nr: number, dirty: boolean): Play =>
  on(({ f, c }) =>
    f.world.ops.clearYoungDirtyPtes(f.mm, f.slot(nr === 1 ? 3 : 0), nr === 1 ? 1 : c, true, dirty)
  )

/** DONTNEED of pages [from, to) of the first block. */
const zap =
  (from: (scene: Scene) => number, nr: (scene: Scene) => number): Play =>
  (scene) => {
    const start = scene.f.vma.start + from(scene)
    return () => dontneed(scene.f.world, scene.f.mm, start, start + nr(scene))
  }

const protect =
  (nr: (scene: Scene) => number, flags: number): Play =>
  (scene) =>
  () =>
    mprotectRange(scene.f.world, scene.f.mm, scene.f.vma.start, scene.f.vma.start + nr(scene), flags)

/** A store to page 3 of the first block, or after one to its page 5. */
const storeTo =
  (before: (scene: Scene) => void, later = false): Play =>
  (scene) => {
    const { world, mm, vma } = scene.f
    before(scene)
    if (later) handleFault(world, mm, vma.start + 5, true)
    return () => handleFault(world, mm, vma.start + 3, true)
  }

const shareWithChild = ({ f }: Scene): void => void forkMm(f.world, f.mm, 2)

/** The whole folio, both blocks of it, has its slots in the swap area already. */
const reclaim: Play = ({ f, c }) => {
  const { folios, tables } = f.world
  const pfn = tables.pfn(f.slot(0))
  // Slots are taken one by one: not every kernel has runs of this order, and unmapping does not ask.
  const area = swapArea(f.world)
  const first = area.alloc(0)
  for (let page = 1; page < 2 * c; page++) area.alloc(0)
  area.addCache(folios, pfn, first)
  return () => {
    const flush = new UnmapFlush(f.world)
    tryToUnmap(f.world, pfn, flush)
    flush.finish()
  }
}

const forkPinned: Play = ({ f }) => {
  pinUserPages(f.world, f.mm, f.vma.start + 3, 1, { write: true, longterm: true })
  return () => void forkMm(f.world, f.mm, 2)
}

const one = (body: (f: Fixture, slot: number) => void): Play => on(({ f }, slot) => body(f, slot))
const get = one((f, slot) => f.world.ops.ptepGet(f.mm, slot))
const lockless = one((f, slot) => f.world.ops.ptepGetLockless(f.mm, slot))
const clear = one((f, slot) => f.world.ops.pteClear(f.mm, slot))
const getAndClear = one((f, slot) => f.world.ops.ptepGetAndClear(f.mm, slot))
const wrprotect = one((f, slot) => f.world.ops.wrprotectPtes(f.mm, slot, 1))
const young = one((f, slot) => f.world.ops.ptepTestAndClearYoung(f.mm, slot))
const flushYoung = one((f, slot) => f.world.ops.ptepClearFlushYoung(f.mm, slot))

/** Every scene by the name that the sheets use. */
export const SCENES: Readonly<Record<string, readonly [State, Play]>> = {
  'ptep_get, plain': ['plain', get],
  'ptep_get, folded': ['folded', get],
  'ptep_get_lockless, plain': ['plain', lockless],
  'ptep_get_lockless, folded': ['folded', lockless],
  'set_ptes(1) in the middle, plain': ['plain', setOne],
  'set_ptes(1) in the middle, folded': ['folded', setOne],
  set_pte_at: ['plain', setOne],
  'C times set_ptes(1) ascending into an empty block': ['empty', (scene) => storeSingly(scene, true)],
  'C times set_ptes(1) descending into an empty block': ['empty', (scene) => storeSingly(scene, false)],
  'set_ptes(C) into an empty block': [
    'empty',
    ({ f, c }) => {
      const pfn = f.world.folios.alloc(Math.log2(c))
      return () => f.world.ops.setPtes(f.mm, f.slot(0), pfn, PAGE_READONLY, c)
    }
  ],
  'set_ptes(C) over a folded block': [
    'folded',
    ({ f, c }) => {
      const pfn = f.world.folios.alloc(Math.log2(c))
      return () => f.world.ops.setPtes(f.mm, f.slot(0), pfn, PAGE_READONLY, c)
    }
  ],
  'pte_clear, plain': ['plain', clear],
  'pte_clear, folded': ['folded', clear],
  'ptep_get_and_clear, plain': ['plain', getAndClear],
  'ptep_get_and_clear, folded': ['folded', getAndClear],
  get_and_clear: ['plain', getAndClear],
  'C times ptep_get_and_clear, folded': [
    'folded',
    on(({ f, c }) => {
      for (let page = 0; page < c; page++) f.world.ops.ptepGetAndClear(f.mm, f.slot(page))
    })
  ],
  'get_and_clear_full(1), exit, folded': [
    'folded',
    one((f, slot) => f.world.ops.ptepGetAndClearFull(f.mm, slot, true))
  ],
  'get_and_clear_full_ptes(1), folded': [
    'folded',
    one((f, slot) => f.world.ops.getAndClearFullPtes(f.mm, slot, 1, true))
  ],
  'get_and_clear_full_ptes(C), folded': [
    'folded',
    on(({ f, c }) => f.world.ops.getAndClearFullPtes(f.mm, f.slot(0), c, true))
  ],
  'get_and_clear_full_ptes, 5 from index 2, folded': [
    'folded',
    one((f) => f.world.ops.getAndClearFullPtes(f.mm, f.slot(2), 5, false))
  ],
  'clear_full_ptes(C), folded': [
    'folded',
    on(({ f, c }) => f.world.ops.clearFullPtes(f.mm, f.slot(0), c, true))
  ],
  'clear_full_ptes(C) from index 4, folded': [
    'folded',
    on(({ f, c }) => f.world.ops.clearFullPtes(f.mm, f.slot(4), c, false))
  ],
  'wrprotect(1), plain': ['plain', wrprotect],
  'wrprotect(1), folded': ['folded', wrprotect],
  'wrprotect(C), folded': ['folded', on(({ f, c }) => f.world.ops.wrprotectPtes(f.mm, f.slot(0), c))],
  'wrprotect(C - 1) from index 1, folded': [
    'folded',
    on(({ f, c }) => f.world.ops.wrprotectPtes(f.mm, f.slot(1), c - 1))
  ],
  'ptep_test_and_clear_young, plain': ['plain', young],
  'ptep_test_and_clear_young, folded': ['folded', young],
  'ptep_clear_flush_young, plain': ['plain', flushYoung],
  'ptep_clear_flush_young, folded': ['folded', flushYoung],
  'clear_young_dirty_ptes(1) both, plain': ['plain', youngDirty(1, true)],
  'clear_young_dirty_ptes(1) both, folded': ['folded', youngDirty(1, true)],
  'clear_young_dirty_ptes(C) both, folded': ['folded', youngDirty(2, true)],
  'clear_young_dirty_ptes(C) young, folded': ['folded', youngDirty(2, false)],
  'ptep_set_access_flags, nothing to do, plain': ['plain', access(same, same, true)],
  'ptep_set_access_flags, nothing to do, folded': ['folded', access(same, same, true)],
  'ptep_set_access_flags, AF, folded': [
    'folded',
    access(
      (attr) => attr & ~AF,
      (attr) => attr | AF,
      false
    )
  ],
  'ptep_set_access_flags, dirty, folded': ['folded', access(clean, mkdirty, true)],
  'ptep_set_access_flags, dirty, plain': ['plain', access(clean, mkdirty, true)],
  'ptep_set_access_flags, write, folded': [
    'folded',
    (scene) => {
      const { f, c } = scene
      f.world.ops.wrprotectPtes(f.mm, f.slot(0), c)
      return access(same, mkwrite, true)(scene)
    }
  ],
  'store to a page shared by fork, folded': ['folded', storeTo(shareWithChild)],
  'store to a page shared by fork, later in the block': ['folded', storeTo(shareWithChild, true)],
  'store to an exclusive read-only page, folded': [
    'folded',
    storeTo(({ f, c }) => f.world.ops.wrprotectPtes(f.mm, f.slot(0), c))
  ],
  'reclaim of the folio, both blocks folded': ['folded', reclaim],
  'fork of two blocks, the first one pinned': ['folded', forkPinned],
  'mprotect of the block': ['folded', protect(({ c }) => c, VM_READ)],
  'mprotect of the first j entries': ['folded', protect(({ j }) => j, VM_READ)],
  'mprotect to PROT_NONE of the block': ['folded', protect(({ c }) => c, 0)],
  'DONTNEED of j entries at the start': [
    'folded',
    zap(
      () => 0,
      ({ j }) => j
    )
  ],
  'DONTNEED of j entries in the middle': [
    'folded',
    zap(
      () => 3,
      ({ j }) => j
    )
  ],
  'DONTNEED of the last j entries': [
    'folded',
    zap(
      ({ c, j }) => c - j,
      ({ j }) => j
    )
  ],
  'DONTNEED of one entry': [
    'folded',
    zap(
      () => 5,
      () => 1
    )
  ]
}

/** Plays a scene; answers every counter that is not 0. */
export function playScene(name: string, kernel: string, granule: Case['granule'], range: boolean): Figures {
  const [state, play] = SCENES[name]
  const { c } = GRANULES[granule]
  const cpu = { hafdbs: true, tlbRange: range, kpti: false, repeatTlbi: false }
  const inBlocks = kernel === 'oneplus-5.15'
  const f = fixture({
    kernel,
    granule,
    pages: 2 * c,
    order: inBlocks || state === 'empty' ? -1 : Math.log2(2 * c),
    memoryBytes: 2 ** 31,
    swapBytes: 2 ** 28,
    cpu
  })
  f.slot(0)
  if (inBlocks) {
    f.vma.flags |= VM_CHP
    for (const page of [0, c]) blockAnonymousFault(f.world, f.mm, f.vma, f.vma.start + page, true)
  }
  if (state === 'plain') unfoldSilently(f, 2 * c)
  const counted = play({ f, c, j: J })
  f.spent()
  counted()
  const spent = f.spent()
  return Object.fromEntries(
    COUNTER_NAMES.map((counter) => [counter, spent(counter)] as const).filter(([, n]) => n !== 0)
  )
}

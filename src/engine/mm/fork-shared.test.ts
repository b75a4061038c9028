/**
 * Fork of shared mappings: faults bring back what a file holds, so entries are copied only where
 * userfaultfd's marks must survive. Figures: reference fork.md sections 1 (F2) and 3; argued in messages
 * 11 to 21 on v2 01/14 (David Hildenbrand, Ryan Roberts, Nov 2023).
 */
import { describe, expect, it } from 'vitest'
import { RDONLY, WRITE, wrprotect } from '../arch/descriptor'
import { checkWorld } from '../check'
import { fixture, unfoldSilently } from '../check/fixture'
import { userRead } from '../syscalls'
import { FileMapping } from './file'
import { forkMm } from './fork'
import { VM_SHARED, VM_UFFD_FORK, VM_UFFD_WP } from './mm'
import { findSlot } from './walk'

const PAGES = 16
const HALF_WRITABLE = 'WWWWRRRRWWWWWWWW'

/** A 64K folio of a file, mapped shared and writable, pages 4 to 7 read-only; `marks`: under userfaultfd with fork events. */
function forked(kernel: string, marks: boolean) {
  const f = fixture({ kernel, pages: PAGES, order: -1, memoryBytes: 2 ** 30 })
  const { world, mm, vma } = f
  vma.flags |= VM_SHARED
  vma.file = new FileMapping('file', PAGES, false, 4)
  vma.pgoff = 0
  vma.anonVma = 0
  userRead(world, mm, vma.start, PAGES, 1, () => undefined)
  unfoldSilently(f, PAGES)
  const { tables } = world
  for (let page = 4; page < 8; page++) {
    const slot = f.slot(page)
    tables.set(slot, wrprotect(tables.attr(slot)), tables.pfn(slot))
  }
  if (marks) vma.flags |= VM_UFFD_WP | VM_UFFD_FORK
  const letters = (of: typeof mm): string =>
    Array.from({ length: PAGES }, (_, page) => {
      const slot = findSlot(world, of, vma.start + page)
      const attr = slot === 0 ? 0 : tables.attr(slot)
      return attr === 0 ? '.' : (attr & WRITE) !== 0 ? 'W' : (attr & RDONLY) !== 0 ? 'R' : '?'
    }).join('')
  const log = { batches: [] as number[], limit: 100 }
  world.forkLog = log
  const before = letters(mm)
  const child = forkMm(world, mm, 2)
  return {
    before,
    parent: letters(mm),
    child: letters(child),
    batches: log.batches,
    violation: checkWorld(world)
  }
}

describe('fork of a shared mapping', () => {
  it.each(['no-contpte', 'contpte-v2', 'contpte-v3', 'linux-6.9', 'linux-6.12', 'linux-6.1'])(
    '%s leaves it to faults',
    (kernel) => {
      expect(forked(kernel, false)).toMatchObject({
        parent: HALF_WRITABLE,
        child: '.'.repeat(PAGES),
        batches: []
      })
    }
  )

  it.each([
    ['no-contpte', HALF_WRITABLE, Array<number>(PAGES).fill(1)],
    ['contpte-unbatched', HALF_WRITABLE, Array<number>(PAGES).fill(1)],
    // The write bit must be equal (v2 01/14).
    ['contpte-v2', HALF_WRITABLE, [4, 4, 8]],
    // Ignored and counted; mixed is read-only for all (messages 17, 20, 21).
    ['contpte-v3', 'R'.repeat(PAGES), [16]],
    // Any writable entry makes the whole batch writable.
    ['linux-6.9', 'W'.repeat(PAGES), [16]],
    ['linux-6.12', 'W'.repeat(PAGES), [16]]
  ])('%s copies a folio of which a part may be written to %s', (kernel, child, batches) => {
    expect(forked(kernel, true)).toEqual({
      before: HALF_WRITABLE,
      parent: HALF_WRITABLE,
      child,
      batches,
      violation: undefined
    })
  })
})

/** Figures: recordings `D.4kB.collapse`, `D.16kB.collapse`, `E.D.4kB.collapse` (6.12.117, 6.1.192). */
import { describe, expect, it } from 'vitest'
import { isPmdLeaf } from '../arch/descriptor'
import { checkWorld } from '../check'
import { fixture, type Fixture } from '../check/fixture'
import { EngineError } from '../error'
import { sysFork, sysMadvise, sysPin, sysThpDisable, userRead, userWrite } from '../syscalls'
import { FN, type FunctionName } from '../trace/functions'
import { VM } from '../trace/vmstat'
import { VM_NOHUGEPAGE } from './mm'
import { findPmd } from './walk'

function setup(kernel: string, order: number, pages = 512): Fixture {
  return fixture({
    kernel,
    pages,
    order,
    cpu: { hafdbs: true, tlbRange: true, kpti: false, repeatTlbi: false }
  })
}

function collapse(f: Fixture, from = 0, n = f.vma.end - f.vma.start): string {
  try {
    sysMadvise(f.world, f.mm, f.vma.start + from, n, 'collapse')
    return 'ok'
  } catch (error) {
    return error instanceof EngineError ? error.code : String(error)
  }
}

function counted(f: Fixture, act: () => void): (name: FunctionName) => number {
  const before = f.world.calls.slice()
  act()
  return (name) => f.world.calls[FN[name]] - before[FN[name]]
}

const isLeaf = (f: Fixture, page = 0) =>
  isPmdLeaf(f.world.tables.attr(findPmd(f.world, f.mm, f.vma.start + page)))

describe('MADV_COLLAPSE', () => {
  it('6.12: 512 pages are isolated, copied and put back, under one flush of the range', () => {
    const f = setup('linux-6.12', 0)
    userWrite(f.world, f.mm, f.vma.start, 512, 1, (page) => (page % 251) + 1)
    f.spent()
    const calls = counted(f, () => {
      expect(collapse(f)).toBe('ok')
    })
    expect(isLeaf(f)).toBe(true)
    const names = [
      'vm_normal_page',
      'folio_isolate_lru',
      'release_pte_folio',
      'folio_add_lru',
      'mm_find_pmd'
    ] as const
    expect(names.map(calls)).toEqual([1024, 512, 512, 513, 3])
    expect(f.spent()('tlbi')).toBe(1)
    expect(f.world.vm[VM.thp_collapse_alloc]).toBe(1)
    const seen: number[] = []
    userRead(f.world, f.mm, f.vma.start, 512, 1, (_page, value) => seen.push(value))
    expect(seen).toEqual(Array.from({ length: 512 }, (_, i) => ((f.vma.start + i) % 251) + 1))
    expect(checkWorld(f.world)).toBeUndefined()
  })

  it('6.12: folded blocks of the old folio unfold one by one; a hole becomes zeroes', () => {
    const f = setup('linux-6.12', 9)
    sysMadvise(f.world, f.mm, f.vma.start + 5, 1, 'dontneed')
    const calls = counted(f, () => {
      expect(collapse(f)).toBe('ok')
    })
    // 496 entries are still folded: read by the scan, the isolation and the copy, then the first of each block.
    const names = [
      'contpte_ptep_get',
      '__contpte_try_unfold',
      'folio_isolate_lru',
      'folio_remove_rmap_ptes'
    ] as const
    expect(names.map(calls)).toEqual([3 * 496 + 31, 31, 1, 511])
    expect(f.mm.anonPages).toBe(512)
    expect(checkWorld(f.world)).toBeUndefined()
  })

  it('6.1: asks for the folio mapcount of each page twice', () => {
    const f = setup('linux-6.1', 0)
    const calls = counted(f, () => {
      expect(collapse(f)).toBe('ok')
    })
    const names = ['folio_mapcount', 'hugepage_vma_check', 'page_remove_rmap', 'release_pte_folio'] as const
    expect(names.map(calls)).toEqual([1024, 3, 512, 0])
    expect(checkWorld(f.world)).toBeUndefined()
  })

  it.each(['linux-6.1', 'linux-6.12'])('%s: refuses what may not be huge', (kernel) => {
    const fresh = fixture({ kernel, pages: 512, order: -1 })
    fresh.vma.anonVma = 0
    expect(collapse(fresh)).toBe('EINVAL')
    const advised = setup(kernel, 0)
    advised.vma.flags |= VM_NOHUGEPAGE
    expect(collapse(advised)).toBe('EINVAL')
    const disabled = setup(kernel, 0)
    sysThpDisable(disabled.world, disabled.mm, true)
    expect(collapse(disabled)).toBe('EINVAL')
    // Nothing whole lies in the range: borders that meet are fine, others are not.
    const part = setup(kernel, 0)
    expect([collapse(part, 0, 16), collapse(part, 16, 16)]).toEqual(['ok', 'EINVAL'])
  })

  it.each(['linux-6.1', 'linux-6.12'])(
    '%s: a pinned page says try again, and all stays as it was',
    (kernel) => {
      const f = setup(kernel, 0)
      sysPin(f.world, f.mm, f.vma.start + 7, 1, { write: true, longterm: true })
      expect(collapse(f)).toBe('EAGAIN')
      expect(isLeaf(f)).toBe(false)
      expect(checkWorld(f.world)).toBeUndefined()
    }
  )

  it.each(['linux-6.1', 'linux-6.12'])(
    '%s: a range that is all read-only after fork is refused',
    (kernel) => {
      const f = setup(kernel, 0)
      sysFork(f.world, f.mm, 2)
      expect(collapse(f)).toBe('EINVAL')
      userWrite(f.world, f.mm, f.vma.start + 3, 1, 1, () => 9)
      expect(collapse(f)).toBe('ok')
      expect(checkWorld(f.world)).toBeUndefined()
    }
  )

  it('takes leaves that are there for done, and goes on after a page in use', () => {
    const f = setup('linux-6.12', 0, 3 * 512)
    expect(collapse(f, 512, 512)).toBe('ok')
    sysPin(f.world, f.mm, f.vma.start, 1, { write: true, longterm: true })
    expect(collapse(f)).toBe('EAGAIN')
    expect([isLeaf(f), isLeaf(f, 512), isLeaf(f, 1024)]).toEqual([false, true, true])
    expect(checkWorld(f.world)).toBeUndefined()
  })

  it('has no memory: ENOMEM, and the pages stay', () => {
    const f = setup('linux-6.12', 0)
    while (f.world.folios.buddy.alloc(9) >= 0);
    expect(collapse(f)).toBe('ENOMEM')
    expect(isLeaf(f)).toBe(false)
  })
})

/** Worlds of OnePlus 5.15 for tests: one VMA marked for blocks, filled or not. */
import type { CpuFeatures } from '../../arch/cpu'
import { fixture, type Fixture } from '../../check/fixture'
import { COUNTER_NAMES } from '../../trace/counters'
import { VM_CHP } from './block'
import { blockAnonymousFault } from './fault'

/** A marked VMA of `pages` pages; `fill` says which kind of touch made its blocks. */
export function blocks(pages: number, fill: 'write' | 'read' | 'none' = 'write', cpu?: CpuFeatures): Fixture {
  const f = fixture({ kernel: 'oneplus-5.15', pages, order: -1, cpu })
  f.vma.flags |= VM_CHP
  f.slot(0)
  for (let page = 0; fill !== 'none' && page + 16 <= pages; page += 16) {
    blockAnonymousFault(f.world, f.mm, f.vma, f.vma.start + page, fill === 'write')
  }
  f.spent()
  return f
}

/** Counters that `body` added on behalf of the mm, without the zeroes. */
export function costOf(f: Fixture, body: () => void): Record<string, number> {
  f.spent()
  body()
  const spent = f.spent()
  return Object.fromEntries(
    COUNTER_NAMES.map((name) => [name, spent(name)] as const).filter(([, n]) => n !== 0)
  )
}

/** What the kernel does to a process of its own accord: hints, write protection, migration. */
import { SPECIAL, isPmdLeaf, isPresent } from '../../src/engine/arch/descriptor'
import { isBlockEntry } from '../../src/engine/contpte/exposed'
import { numaHint, userfaultWriteProtect } from '../../src/engine/mm/change-marks'
import { ANON, FOLIO_FILE, FOLIO_SWAPCACHE, HUGETLB } from '../../src/engine/mm/folio'
import type { Mm } from '../../src/engine/mm/mm'
import { beginMigration, undoMigration } from '../../src/engine/mm/migrate-folio'
import { findPmd, findSlot } from '../../src/engine/mm/walk'
import type { Life, Proc } from './life'

/** The engine knows no OnePlus block without access. */
export function mayTakeAccess({ world }: Life): boolean {
  return world.kernel.pteOps !== 'exposed'
}

/** NUMA balancing looks at a range. */
export function hint(life: Life, { mm, oracle }: Proc): void {
  life.range({ mm, oracle })
  beforeLeaf(life, mm)
  if (life.count > 0) numaHint(life.world, mm, life.from, life.count)
}

/** userfaultfd write-protects a range. */
export function userfault(life: Life, { mm, oracle }: Proc): void {
  life.range({ mm, oracle })
  beforeLeaf(life, mm)
  if (life.count > 0) userfaultWriteProtect(life.world, mm, life.from, life.count)
}

/** The range ends before a PMD leaf: those the engine leaves out here. */
function beforeLeaf(life: Life, mm: Mm): void {
  const { world } = life
  for (let i = 0; i < life.count; i++) {
    if (mm.vmaAt(life.from + i)?.huge !== undefined) {
      life.leftOut('HugeTLB pages without access')
      life.count = i
      return
    }
    const pmd = findPmd(world, mm, life.from + i)
    if (pmd === 0 || !isPmdLeaf(world.tables.attr(pmd))) continue
    life.leftOut('PMD leaves without access')
    life.count = i
  }
}

/** A folio is migrated, which gives up half-way: it stays where it is. */
export function migrate(life: Life, { mm, oracle }: Proc): void {
  life.range({ mm, oracle })
  const { world } = life
  const { tables, folios, lru } = world
  const slot = findSlot(world, mm, life.from)
  if (slot === 0 || !isPresent(tables.attr(slot)) || (tables.attr(slot) & SPECIAL) !== 0) return
  const pfn = tables.pfn(slot)
  const word = folios.word(pfn)
  if (
    (word & ANON) === 0 ||
    (word & HUGETLB) !== 0 ||
    (folios.flags(pfn) & (FOLIO_FILE | FOLIO_SWAPCACHE)) !== 0
  )
    return
  if (isBlockEntry(tables.attr(slot)) && word === 0) return
  // A pinned folio, or one on its way to a list, is not migrated.
  lru.drainAll()
  if (folios.pincount(pfn) > 0) return
  undoMigration(world, beginMigration(world, pfn))
}

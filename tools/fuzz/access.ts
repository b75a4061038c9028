/** Loads and stores: of the process itself, of agents that share its tables, of other CPUs at any moment. */
import { agentAccess } from '../../src/engine/arch/agent'
import { SPECIAL, isPresent } from '../../src/engine/arch/descriptor'
import { translate } from '../../src/engine/arch/translate'
import type { Mm } from '../../src/engine/mm/mm'
import { findPmd, findSlot } from '../../src/engine/mm/walk'
import * as sys from '../../src/engine/syscalls'
import type { Life, Proc } from './life'

/** A range and a step for loads or stores. */
function steps(life: Life, proc: Proc): number {
  life.range(proc)
  return life.random.below(6) === 0 ? 1 + life.random.below(life.world.geometry.contPtes + 1) : 1
}

export function write(life: Life, proc: Proc): void {
  const { world, random } = life
  const { mm, oracle } = proc
  const step = steps(life, proc)
  const seed = random.next()
  const zero = random.below(8) === 0
  const value = (vpn: number) => (zero ? 0 : 1 + ((seed + vpn) % 255))
  // A store is certain once the next page is asked for: other CPUs may store to its page before it.
  let asked = 0
  let last = -1
  const commit = () => {
    if (last < 0) return
    oracle.write(last, value(last))
    stored(life, mm, last)
  }
  try {
    const { done } = sys.userWrite(world, mm, life.from, life.count, step, (vpn) => {
      commit()
      asked++
      last = vpn
      return value(vpn)
    })
    if (done === asked) commit()
  } catch (error) {
    if (last >= 0) oracle.unsure(last, 1)
    throw error
  }
}

export function read(life: Life, proc: Proc): void {
  const step = steps(life, proc)
  sys.userRead(life.world, proc.mm, life.from, life.count, step, (vpn, value) => {
    if (!proc.oracle.allows(vpn, value)) life.watch.violation ??= life.wrongContent(proc, vpn, value)
  })
}

/** A CPU or walker that shares the address space accesses one page, through its own TLB. */
export function agent(life: Life, proc: Proc): void {
  const { world, random, plan } = life
  life.range(proc)
  const number = random.below(plan.cpus + (plan.tlb.walkers ?? 0))
  const vpn = life.from + random.below(life.count)
  const stores = random.below(2) === 0
  life.say(`agent ${number} ${stores ? 'stores to' : 'loads from'} ${vpn - life.base}`)
  const { pfn } = agentAccess(world, proc.mm, number, vpn, stores)
  if (pfn >= 0) accessed(life, proc, vpn, pfn, stores, 1 + random.below(255))
}

/** In the middle of an operation: another CPU of a process uses what its TLB or the tables allow. */
export function otherCpu(life: Life): void {
  const { world, plan, elsewhere } = life
  if (life.inside || plan.cpus < 2 || elsewhere.below(16) > 0) return
  const proc = elsewhere.below(4) > 0 ? life.acting : life.procs[elsewhere.below(life.procs.length)]
  if (proc === undefined || world.tlbs === undefined || life.procs.length === 0) return
  const own = world.currentCpu
  life.inside = true
  world.currentCpu = (own + 1 + elsewhere.below(plan.cpus - 1)) % plan.cpus
  const near = life.count > 0 && elsewhere.below(2) === 0
  const vpn = near ? life.from + elsewhere.below(life.count) : life.base + elsewhere.below(life.arena)
  const stores = elsewhere.below(2) === 0
  const pfn = translate(world, world.tlbs, proc.mm, vpn, stores)
  if (pfn >= 0) {
    accessed(life, proc, vpn, pfn, stores, 1 + elsewhere.below(255))
    if (stores) life.raced.push(vpn)
    // Which page lies there, no oracle says before the call is over.
    if (stores && life.moving) proc.oracle.unsure(vpn, 1)
  }
  world.currentCpu = own
  life.inside = false
}

function accessed(life: Life, proc: Proc, vpn: number, pfn: number, stores: boolean, value: number): void {
  const { folios } = life.world
  if (stores) {
    folios.setContent(pfn, value)
    life.watch.store(pfn)
    proc.oracle.write(vpn, value)
    return
  }
  const found = folios.content(pfn)
  if (!life.inside && !proc.oracle.allows(vpn, found))
    life.watch.violation ??= life.wrongContent(proc, vpn, found)
}

/** Marks the page that a store went to; a store of zeroes may also have gone to nothing. */
export function stored({ world, watch }: Life, mm: Mm, vpn: number): void {
  const slot = findSlot(world, mm, vpn)
  if (slot !== 0) {
    const attr = world.tables.attr(slot)
    if (isPresent(attr) && (attr & SPECIAL) === 0) watch.store(world.tables.pfn(slot))
    return
  }
  const pmd = findPmd(world, mm, vpn)
  if (pmd !== 0 && isPresent(world.tables.attr(pmd)))
    watch.store(world.tables.pfn(pmd) + (vpn & (world.geometry.tableEntries - 1)))
}

/** The decision table of reference thp-sysfs.md section 5, asked of the settings and of real first stores. */
import { describe, expect, it } from 'vitest'
import type { GranuleName } from '../arch/granule'
import { inspectFolio } from '../inspect'
import { kernelByName } from '../kernel'
import { newMm } from '../mm/fork'
import { VM_HUGEPAGE, VM_NOHUGEPAGE } from '../mm/mm'
import { sysMadvise, sysMmap, sysThpDisable, userWrite } from '../syscalls'
import { World } from '../world'
import { explainStore } from './explain'
import { orderAllowed } from './orders'
import { Sysfs } from './sysfs'

/** Rows per-size setting, columns top x advice (none, HUGEPAGE, NOHUGEPAGE). */
const DECISIONS = {
  always: 'yyn yyn yyn',
  inherit: 'yyn nyn nnn',
  madvise: 'nyn nyn nyn',
  never: 'nnn nnn nnn'
} as const
const TOPS = ['always', 'madvise', 'never'] as const
const ADVICE = [undefined, 'hugepage', 'nohugepage'] as const
const FLAGS = [0, VM_HUGEPAGE, VM_NOHUGEPAGE]

/** The order that the first store to a region aligned to 2 GiB gets, with everything set as said. */
function firstStore(
  kernel: string,
  granule: GranuleName,
  settings: Readonly<Record<string, string>>,
  advice: (typeof ADVICE)[number],
  thpDisable = false
): number | undefined {
  const world = new World({ kernel: kernelByName(kernel), granule, memoryBytes: 2 ** 33 })
  const sysfs = new Sysfs(world)
  for (const [path, value] of Object.entries(settings)) sysfs.write(path, value)
  const mm = newMm(world, 1)
  const vpn = 2 ** 40 / world.geometry.pageSize
  const pages = 2 ** world.geometry.pmdOrder
  sysMmap(world, mm, { vpn, pages, prot: 'rw' })
  if (advice !== undefined) sysMadvise(world, mm, vpn, pages, advice)
  if (thpDisable) sysThpDisable(world, mm, true)
  const foreseen = explainStore(world, mm, mm.vmas[0], vpn)
  userWrite(world, mm, vpn, 1, 1, () => 1)
  const order = inspectFolio(world, mm, vpn)?.order
  expect(foreseen.order).toBe(order)
  // What is refused by settings is never what a fault takes, and of what is allowed the largest is.
  expect(foreseen.sizes.find(({ allowed }) => allowed)?.order ?? 0).toBe(order)
  return order
}

const ALLOWED = Object.entries(DECISIONS).flatMap(([size, row]) =>
  TOPS.flatMap((top, t) =>
    ADVICE.map((advice, a) => ({ size, top, advice, a, allowed: row.split(' ')[t][a] === 'y' }))
  )
)

describe('whether a size is used', () => {
  it('has 36 cases', () => expect(ALLOWED).toHaveLength(36))

  describe.each([
    ['linux-6.9', '4K', 64, 4],
    ['linux-6.9', '4K', 16, 2],
    ['linux-6.12', '4K', 64, 4],
    ['linux-6.12', '4K', 2048, 9],
    ['linux-6.12', '16K', 2048, 7],
    ['linux-6.12', '64K', 2048, 5],
    ['contpte-v2', '4K', 64, 4]
  ] as const)('%s, %s pages, %s kB', (kernel, granule, kib, order) => {
    const others = (world: World) =>
      new Sysfs(world)
        .list()
        .filter((name) => name.startsWith('hugepages-') && new Sysfs(world).exists(`${name}/enabled`))
    const world = new World({ kernel: kernelByName(kernel), granule, memoryBytes: 2 ** 33 })
    const never = Object.fromEntries(others(world).map((name) => [`${name}/enabled`, 'never']))
    const settings = (top: string, size: string) => ({
      ...never,
      enabled: top,
      [`hugepages-${kib}kB/enabled`]: size
    })

    it.each(ALLOWED)('$size under $top, advice $advice: $allowed', ({ size, top, advice, a, allowed }) => {
      expect(firstStore(kernel, granule, settings(top, size), advice)).toBe(allowed ? order : 0)
      const sysfs = new Sysfs(world)
      for (const [path, value] of Object.entries(settings(top, size))) sysfs.write(path, value)
      expect(orderAllowed(world.thp, order, FLAGS[a])).toBe(allowed)
    })

    it('is not used by a process that switched huge pages off', () => {
      expect(firstStore(kernel, granule, settings('always', 'always'), 'hugepage', true)).toBe(0)
    })
  })
})

describe('6.1 knows PMD size or nothing, by the top level alone', () => {
  it.each([
    ['always', [9, 9, 0]],
    ['madvise', [0, 9, 0]],
    ['never', [0, 0, 0]]
  ] as const)('%s', (top, orders) => {
    expect(ADVICE.map((advice) => firstStore('linux-6.1', '4K', { enabled: top }, advice))).toEqual(orders)
  })

  it('has no file of a size', () => {
    expect(() => firstStore('linux-6.1', '4K', { 'hugepages-64kB/enabled': 'always' }, undefined)).toThrow(
      /ENOENT/
    )
  })
})

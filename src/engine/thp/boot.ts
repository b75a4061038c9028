/**
 * The settings a kernel starts with: what its command line says of transparent huge pages.
 * Source: reference `thp-sysfs.md` sections 1.2 and 4; linux-6.1 and linux-6.12 mm/huge_memory.c
 * (`setup_transparent_hugepage`, `setup_thp_anon`, `hugepage_init`), kernel/params.c, lib/cmdline.c
 * (`memparse`); recorded: `A.boot.*`, `E.boot.*`, with the kernel's own warnings.
 */
import type { Geometry } from '../arch/granule'
import { hugepagePmdEnabled } from '../mm/khugepaged'
import { memparse } from '../sysfs/parse'
import type { World } from '../world'
import { SIZE_ENABLED, TOP_ENABLED, type SizeEnabled } from './settings'
import { anonOrders } from './sizes'

/** Below so much memory the kernel turns transparent huge pages off, whatever the command line says. */
const SMALL_MEMORY = 512 * 2 ** 20

/** Answers of an option's parser. */
interface ParsedSizes {
  /** What the option sets, by order; undefined where it is refused as a whole. */
  readonly sizes?: ReadonlyMap<number, SizeEnabled>
  readonly warnings: readonly string[]
}

/**
 * Starts a world's settings as its kernel does. With a command line the top-level `enabled` is
 * `always`, Kconfig's default, unless an option says otherwise; without one it stays where
 * `ThpSettings` puts it. Options that are not about transparent huge pages, and those this kernel
 * does not know, do nothing.
 * @returns what the kernel logs about options it refuses, as `<level> text`
 */
export function bootThp(world: World, commandLine: string | undefined): string[] {
  const warnings = commandLine === undefined ? [] : applyOptions(world, commandLine)
  // `hugepage_init`: all flags of a small machine are zeroed; settings a size are not flags.
  if (world.folios.buddy.freePages * world.geometry.pageSize < SMALL_MEMORY) {
    world.thp.top = 'never'
    world.thp.defrag = 'never'
    world.thp.useZeroPage = 0
    world.thp.khugepaged.defrag = 0
  }
  world.thp.khugepagedRuns = hugepagePmdEnabled(world)
  return warnings
}

function applyOptions({ thp, kernel, geometry, hugetlb }: World, commandLine: string): string[] {
  const warnings: string[] = []
  let sizesGiven = false
  thp.top = 'always'
  for (const [name, value] of kernelOptions(commandLine)) {
    if (name === 'hugetlb_free_vmemmap' && hugetlb.vmemmap.present) hugetlb.vmemmap.enabled = isOn(value)
    if (name === 'transparent_hugepage') {
      const top = TOP_ENABLED.find((word) => word === value)
      if (top !== undefined) thp.top = top
      else warnings.push('<4> huge_memory: transparent_hugepage= cannot parse, ignored')
    } else if (name === 'thp_anon' && kernel.thpFiles === 'linux-6.12') {
      const parsed = parseThpAnon(value, geometry)
      warnings.push(...parsed.warnings)
      if (parsed.sizes === undefined) continue
      // The first that is good takes away the default of the PMD size.
      if (!sizesGiven) thp.sizes.fill('never')
      sizesGiven = true
      for (const [order, state] of parsed.sizes) thp.sizes[order] = state
    }
  }
  return warnings
}

/** `kstrtobool` of an option; anything else leaves the default, off. */
function isOn(value: string): boolean {
  return /^(?:[yYtT1]|[oO][nN])/.test(value)
}

/**
 * The options of a command line, in order: split at blanks outside of double quotes, up to `--`, those
 * with a value. In names `-` and `_` are the same.
 */
function kernelOptions(commandLine: string): [name: string, value: string][] {
  const options: [string, string][] = []
  for (const [word] of commandLine.matchAll(/(?:"[^"]*"?|[^\s"])+/g)) {
    if (word === '--') break
    const option = /^"?([^=]+)=(.*)$/s.exec(word)
    if (option === null) continue
    const value = option[2].replace(/^"/, '').replace(/"$/, '')
    options.push([option[1].replaceAll('-', '_'), value])
  }
  return options
}

/**
 * `thp_anon=<size>[-<size>][,...]:<state>[;...]`. Later entries override earlier ones; one mistake and
 * nothing of the option counts.
 */
export function parseThpAnon(value: string, geometry: Geometry): ParsedSizes {
  const ignored = `<4> huge_memory: thp_anon=${value}: error parsing string, ignoring setting`
  const refused = (...why: string[]): ParsedSizes => ({
    warnings: [...why.map((text) => `<3> huge_memory: ${text} in thp_anon boot parameter`), ignored]
  })
  const sizes = new Map<number, SizeEnabled>()
  for (const entry of value.split(';')) {
    const [items, policy] = cutAt(entry, ':')
    if (policy === undefined) return refused()
    for (const item of items.split(',')) {
      const [from, to = from] = cutAt(item, '-')
      const orders = [from, to].map((size) => orderOf(size, geometry))
      const wrong = [from, to].find((_, i) => orders[i] === undefined)
      if (wrong !== undefined) return refused(`invalid size ${wrong}`)
      const [first, last] = orders as number[]
      if (first > last) return refused()
      const state = SIZE_ENABLED.find((word) => word === policy)
      if (state === undefined) return refused(`invalid policy ${policy}`)
      for (let order = first; order <= last; order++) sizes.set(order, state)
    }
  }
  return { sizes, warnings: [] }
}

/** What lies before and after the first separator. */
function cutAt(text: string, separator: string): [string, string | undefined] {
  const at = text.indexOf(separator)
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)]
}

/** The order of a size that is a power of two and that anonymous memory may have. */
function orderOf(text: string, geometry: Geometry): number | undefined {
  const size = memparse(text)
  return anonOrders(geometry).find((order) => BigInt(geometry.pageSize) << BigInt(order) === size)
}

import { describe, expect, it } from 'vitest'
import { NEOVERSE_N1 } from '../arch/cpu'
import { kernelByName } from '../kernel'
import { sharedMemory } from '../mm/file'
import { untaggedAccess } from '../mm/access'
import { newMm } from '../mm/fork'
import type { Mm } from '../mm/mm'
import * as sys from '../syscalls'
import { FN } from '../trace/functions'
import { World } from '../world'
import { checkTag, storeTags } from './access'
import { SavedTags, TagMemory } from './tags'

function machine(kernel: string, mte = true) {
  const world = new World({
    kernel: kernelByName(kernel),
    granule: '4K',
    memoryBytes: 2 ** 30,
    cpu: { ...NEOVERSE_N1, mte },
    swapBytes: 2 ** 24
  })
  world.thp.top = 'never'
  return { world, mm: newMm(world, 1) }
}

function tags(world: World, mm: Mm, pages: number): (number | string)[] {
  const seen: (number | string)[] = []
  sys.userGetTags(world, mm, 0, pages, (_page, mask) => {
    seen.push(Number.isInteger(Math.log2(mask)) ? Math.log2(mask) : mask.toString(2))
  })
  return seen
}

describe('tag memory', () => {
  it('keeps 128, 512 and 2048 bytes a page, and nothing for pages never tagged', () => {
    for (const [pageSize, bytes] of [
      [4096, 128],
      [16384, 512],
      [65536, 2048]
    ]) {
      expect(new TagMemory(pageSize / 16).pageBytes).toBe(bytes)
    }
    const memory = new TagMemory(256)
    expect(memory.isClear(7)).toBe(true)
    memory.set(7, 255, 9)
    expect([memory.get(7, 254), memory.get(7, 255), memory.isClear(7)]).toEqual([0, 9, false])
    memory.set(7, 255, 0)
    expect(memory.isClear(7)).toBe(true)
  })

  it('answers copies that later stores do not change', () => {
    const memory = new TagMemory(256)
    memory.set(1, 3, 5)
    const saved = memory.save(1)
    memory.fill(1, 2)
    memory.load(2, saved)
    expect([memory.get(1, 3), memory.get(2, 3), memory.get(2, 4)]).toEqual([2, 5, 0])
  })

  it('refuses buffers beyond the limit', () => {
    const saved = new SavedTags()
    saved.limit = 1
    expect([saved.put(1, 4), saved.put(2, 4), saved.drop(2), saved.drop(1)]).toEqual([
      true,
      false,
      false,
      true
    ])
  })
})

describe.each(['linux-6.1', 'linux-6.9', 'linux-6.12'])('PROT_MTE in %s', (kernel) => {
  it('is EINVAL without the extension', () => {
    const { world, mm } = machine(kernel, false)
    expect(() => sys.sysMmap(world, mm, { vpn: 0, pages: 4, prot: 'rwm' })).toThrow('EINVAL')
    sys.sysMmap(world, mm, { vpn: 0, pages: 4, prot: 'rw' })
    expect(() => sys.sysMprotect(world, mm, 0, 4, 'rwm')).toThrow('EINVAL')
    expect(() => sys.sysTagCheck(world, mm, 'sync')).toThrow('EINVAL')
  })

  it('can be added to any part and never taken away', () => {
    const { world, mm } = machine(kernel)
    sys.sysMmap(world, mm, { vpn: 0, pages: 8, prot: 'rw' })
    sys.userWrite(world, mm, 0, 8, 1, () => 1)
    sys.sysMprotect(world, mm, 2, 3, 'rwm')
    expect(mm.vmas.length).toBe(3)
    sys.userSetTags(world, mm, 0, 8, () => 6)
    expect(tags(world, mm, 8)).toEqual([0, 0, 6, 6, 6, 0, 0, 0])
    sys.sysMprotect(world, mm, 0, 8, 'r')
    sys.sysMprotect(world, mm, 0, 8, 'rw')
    expect(tags(world, mm, 8)).toEqual([0, 0, 6, 6, 6, 0, 0, 0])
  })

  it('is for anonymous memory and tmpfs: a file is EINVAL, what lies before it has changed', () => {
    const { world, mm } = machine(kernel)
    sys.sysMmap(world, mm, { vpn: 0, pages: 2, prot: 'rw' })
    sys.sysMmap(world, mm, { vpn: 2, pages: 2, prot: 'rw', shared: true })
    sys.sysMmap(world, mm, { vpn: 4, pages: 2, prot: 'rw' })
    const vma = mm.vmaAt(4)
    if (vma === undefined) throw new Error('no VMA')
    vma.file = Object.assign(sharedMemory(2), { shmem: false })
    expect(() => sys.sysMprotect(world, mm, 0, 6, 'rwm')).toThrow('EINVAL')
    sys.userSetTags(world, mm, 0, 4, () => 3)
    expect(tags(world, mm, 4)).toEqual([3, 3, 3, 3])
  })

  it('clears stale tags of a page before the process sees it', () => {
    const { world, mm } = machine(kernel)
    sys.sysMmap(world, mm, { vpn: 0, pages: 4, prot: 'rwm' })
    sys.userWrite(world, mm, 0, 4, 1, () => 1)
    sys.userSetTags(world, mm, 0, 4, () => 9)
    sys.sysMadvise(world, mm, 0, 4, 'dontneed')
    sys.userWrite(world, mm, 0, 4, 1, () => 1)
    expect(tags(world, mm, 4)).toEqual([0, 0, 0, 0])
  })

  it('brings tags back from swap, granule by granule', () => {
    const { world, mm } = machine(kernel)
    sys.sysMmap(world, mm, { vpn: 0, pages: 2, prot: 'rwm' })
    sys.userWrite(world, mm, 0, 2, 1, () => 1)
    sys.userSetTags(world, mm, 0, 2, () => 4)
    storeTags(world, mm, 1, untaggedAccess(world, mm, 1, true), 7, 255, 1)
    sys.sysMadvise(world, mm, 0, 2, 'pageout')
    expect(mm.swapEntries).toBe(2)
    expect(world.mte?.bytesHeld).toBe(2 * 128)
    expect(tags(world, mm, 2)).toEqual([4, '10010000'])
  })
})

describe('tag checks', () => {
  it('name tags by a hexadecimal digit, as all that prints them', () => {
    const { world, mm } = machine('linux-6.12')
    sys.sysTagCheck(world, mm, 'sync')
    sys.sysMmap(world, mm, { vpn: 0, pages: 1, prot: 'rwm' })
    const pfn = untaggedAccess(world, mm, 0, true)
    sys.userSetTags(world, mm, 0, 1, () => 11)
    expect(() => {
      checkTag(world, mm, 0, pfn, 1, 10)
    }).toThrow('Tag check fault at 0x10: the pointer has tag a, the memory b.')
  })

  it('stop a store with the wrong tag after the page was copied (sync)', () => {
    const { world, mm } = machine('linux-6.12')
    sys.sysTagCheck(world, mm, 'sync')
    sys.sysMmap(world, mm, { vpn: 0, pages: 4, prot: 'rwm' })
    sys.userWrite(world, mm, 0, 4, 1, () => 1)
    sys.userSetTags(world, mm, 1, 1, () => 5)
    const child = sys.sysFork(world, mm, 2)
    const copies = world.counters.get('cowCopy')
    expect(sys.userWrite(world, mm, 0, 4, 1, () => 2)).toEqual({ done: 1, signal: 'SIGSEGV(MTE)' })
    expect(world.counters.get('cowCopy') - copies).toBe(2)
    expect(sys.userRead(world, child, 0, 4, 1, () => undefined)).toEqual({ done: 1, signal: 'SIGSEGV(MTE)' })
    expect(tags(world, mm, 2)).toEqual([0, 5])
  })

  it('let the access through and tell at the next entry into the kernel (async)', () => {
    const { world, mm } = machine('linux-6.12')
    sys.sysTagCheck(world, mm, 'async')
    sys.sysMmap(world, mm, { vpn: 0, pages: 2, prot: 'rwm' })
    sys.userWrite(world, mm, 0, 2, 1, () => 1)
    sys.userSetTags(world, mm, 0, 1, () => 5)
    expect(sys.userWrite(world, mm, 0, 2, 1, () => 7)).toEqual({ done: 2, signal: 'SIGSEGV(MTE async)' })
    expect(sys.userWrite(world, mm, 1, 1, 1, () => 7)).toEqual({ done: 1 })
  })
})

describe('which pages count as tagged', () => {
  it('6.1 tags the whole folio when its first page is mapped so; later kernels page by page (H9)', () => {
    for (const [kernel, cleared] of [
      ['linux-6.1', 512],
      ['linux-6.12', 8]
    ] as const) {
      const { world, mm } = machine(kernel)
      world.thp.top = 'always'
      if (kernel === 'linux-6.12') world.thp.sizes[9] = 'inherit'
      sys.sysMmap(world, mm, { vpn: 0, pages: 512, prot: 'rw' })
      sys.userWrite(world, mm, 0, 1, 1, () => 1)
      sys.sysMprotect(world, mm, 0, 8, 'rwm')
      expect(world.calls[FN.mte_clear_page_tags]).toBe(cleared)
    }
  })
})

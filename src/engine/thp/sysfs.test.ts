/** Figures: reference thp-sysfs.md sections 1-3. */
import { describe, expect, it } from 'vitest'
import type { GranuleName } from '../arch/granule'
import { EngineError } from '../error'
import { kernelByName, kernelNames } from '../kernel'
import { newMm } from '../mm/fork'
import { makeSlot } from '../mm/walk'
import { sysExit, sysMmap, userWrite } from '../syscalls'
import { World } from '../world'
import { Sysfs } from './sysfs'

function tree(granule: GranuleName = '4K', kernel = 'linux-6.9') {
  const world = new World({ kernel: kernelByName(kernel), granule, memoryBytes: 2 ** 32 })
  return { world, settings: world.thp, sysfs: new Sysfs(world) }
}

function code(body: () => void): string {
  try {
    body()
  } catch (error) {
    if (error instanceof EngineError) return error.code
    throw error
  }
  return 'ok'
}

describe('the tree', () => {
  it('has the files of 6.8', () => {
    const { sysfs } = tree()
    expect(sysfs.list()).toEqual(
      [
        'defrag',
        'enabled',
        'hpage_pmd_size',
        'khugepaged',
        'shmem_enabled',
        'use_zero_page',
        ...[16, 32, 64, 128, 256, 512, 1024, 2048].map((kb) => `hugepages-${kb}kB`)
      ].sort()
    )
    expect(sysfs.list('hugepages-64kB')).toEqual(['enabled'])
    expect(sysfs.list('khugepaged')).toHaveLength(9)
  })

  it.each([
    ['16K', ['64', '128', '256', '512', '1024', '2048', '4096', '8192', '16384', '32768'], '33554432'],
    [
      '64K',
      ['256', '512', '1024', '2048', '4096', '8192', '16384', '32768', '65536', '131072', '262144', '524288'],
      '536870912'
    ]
  ] as const)('has the sizes of %s pages', (granule, sizes, pmd) => {
    const { sysfs } = tree(granule)
    const found = sysfs.list().filter((name) => name.startsWith('hugepages-'))
    expect(found).toEqual(sizes.map((kb) => `hugepages-${kb}kB`).sort())
    expect(sysfs.read('hpage_pmd_size')).toBe(`${pmd}\n`)
  })

  it('reads back defaults: top never as every machine starts, PMD size inherit, others never', () => {
    const { sysfs } = tree()
    expect(sysfs.read('enabled')).toBe('always madvise [never]\n')
    expect(sysfs.read('defrag')).toBe('always defer defer+madvise [madvise] never\n')
    expect(sysfs.read('hugepages-2048kB/enabled')).toBe('always [inherit] madvise never\n')
    expect(sysfs.read('hugepages-64kB/enabled')).toBe('always inherit madvise [never]\n')
    expect(sysfs.read('hpage_pmd_size')).toBe('2097152\n')
    expect(sysfs.read('use_zero_page')).toBe('1\n')
    expect(sysfs.read('khugepaged/max_ptes_none')).toBe('511\n')
    expect(sysfs.read('khugepaged/pages_to_scan')).toBe('4096\n')
  })

  it.each([
    ['', 'EISDIR'],
    ['hugepages-64kB', 'EISDIR'],
    ['hugepages-8kB/enabled', 'ENOENT'],
    ['hugepages-64kB/stats/anon_fault_alloc', 'ENOENT'],
    ['enabled/x', 'ENOTDIR'],
    ['enabled/', 'ENOTDIR'],
    ['hugepages-64kB/', 'EISDIR'],
    ['nothing', 'ENOENT']
  ])('answers for %j: %s', (path, errno) => {
    const { sysfs } = tree()
    expect(code(() => sysfs.read(path))).toBe(errno)
    expect(code(() => sysfs.write(path, 'always'))).toBe(errno)
  })

  it('refuses to list what is no directory', () => {
    const { sysfs } = tree()
    expect([code(() => sysfs.list('enabled')), code(() => sysfs.list('nothing'))]).toEqual([
      'ENOTDIR',
      'ENOENT'
    ])
  })
})

describe('keywords', () => {
  it.each(['always', 'always\n', 'always\0junk', 'always\n\0junk'])('takes %j', (text) => {
    const { sysfs } = tree()
    sysfs.write('hugepages-64kB/enabled', text)
    expect(sysfs.read('hugepages-64kB/enabled')).toBe('[always] inherit madvise never\n')
  })

  it.each([
    ' always',
    'always ',
    'always\r\n',
    'always\n\n',
    'alw',
    'alwaysx',
    '[always]',
    '\n',
    'Always',
    '1',
    'always\t'
  ])('refuses %j with EINVAL and changes nothing', (text) => {
    const { sysfs } = tree()
    sysfs.write('hugepages-64kB/enabled', 'madvise')
    expect(code(() => sysfs.write('hugepages-64kB/enabled', text))).toBe('EINVAL')
    expect(sysfs.read('hugepages-64kB/enabled')).toBe('always inherit [madvise] never\n')
  })

  it('knows inherit for sizes only', () => {
    const { sysfs } = tree()
    expect(code(() => sysfs.write('enabled', 'inherit'))).toBe('EINVAL')
    expect(code(() => sysfs.write('hugepages-64kB/enabled', 'inherit'))).toBe('ok')
  })

  it('does nothing on an empty write, but opens the file first', () => {
    const { sysfs } = tree()
    sysfs.write('enabled', '')
    expect(sysfs.read('enabled')).toBe('always madvise [never]\n')
    expect(code(() => sysfs.write('hpage_pmd_size', ''))).toBe('EACCES')
  })

  it('names file, value and keywords in the message', () => {
    const { sysfs } = tree()
    expect(() => sysfs.write('hugepages-64kB/enabled', 'on')).toThrow(
      `EINVAL: "on" is not a value of 'hugepages-64kB/enabled': it takes exactly one of always, inherit, madvise, never.`
    )
  })
})

describe('numbers', () => {
  it.each([
    ['use_zero_page', '0', 'ok'],
    ['use_zero_page', '+1\n', 'ok'],
    ['use_zero_page', '001', 'ok'],
    ['use_zero_page', '2', 'EINVAL'],
    ['use_zero_page', '-1', 'EINVAL'],
    ['use_zero_page', '0x1', 'EINVAL'],
    ['use_zero_page', ' 1', 'EINVAL'],
    ['use_zero_page', '18446744073709551616', 'ERANGE'],
    ['khugepaged/defrag', '18446744073709551616', 'ERANGE'],
    ['khugepaged/pages_to_scan', '18446744073709551616', 'EINVAL'],
    ['khugepaged/max_ptes_none', '511', 'ok'],
    ['khugepaged/max_ptes_none', '512', 'EINVAL'],
    ['khugepaged/pages_to_scan', '0', 'EINVAL'],
    ['khugepaged/scan_sleep_millisecs', '4294967295', 'ok'],
    ['khugepaged/scan_sleep_millisecs', '4294967296', 'EINVAL'],
    ['khugepaged/full_scans', '1', 'EACCES'],
    ['hpage_pmd_size', '1', 'EACCES'],
    ['shmem_enabled', 'force', 'ok'],
    ['shmem_enabled', 'always          ', 'EINVAL']
  ])('%s <- %j: %s', (path, text, result) => {
    expect(code(() => tree().sysfs.write(path, text))).toBe(result)
  })
})

describe('trees of other kernels', () => {
  it('6.1 has no sizes of its own, 6.9 no statistics', () => {
    const old = tree('4K', 'linux-6.1').sysfs.list()
    expect(old).toEqual([
      'defrag',
      'enabled',
      'hpage_pmd_size',
      'khugepaged',
      'shmem_enabled',
      'use_zero_page'
    ])
    expect(tree('4K', 'oneplus-5.15').sysfs.list()).toEqual(old)
    expect(tree('4K', 'linux-6.9').sysfs.list('hugepages-2048kB')).toEqual(['enabled'])
  })

  it('6.10 counts faults and swapping out of anonymous sizes, and has no shmem_enabled a size', () => {
    const { world, sysfs } = tree('4K', 'linux-6.10')
    expect(sysfs.list()).not.toContain('shrink_underused')
    expect(sysfs.list()).not.toContain('hugepages-8kB')
    for (const kb of [16, 64, 2048]) {
      expect(sysfs.list(`hugepages-${kb}kB`)).toEqual(['enabled', 'stats'])
      expect(sysfs.list(`hugepages-${kb}kB/stats`)).toEqual([
        'anon_fault_alloc',
        'anon_fault_fallback',
        'anon_fault_fallback_charge',
        'swpout',
        'swpout_fallback'
      ])
    }
    sysfs.write('hugepages-64kB/enabled', 'always')
    const mm = newMm(world, 1)
    sysMmap(world, mm, { vpn: 2 ** 28, pages: 64, prot: 'rw' })
    userWrite(world, mm, 2 ** 28, 64, 1, () => 1)
    expect(sysfs.read('hugepages-64kB/stats/anon_fault_alloc')).toBe('4\n')
    expect(code(() => sysfs.write('hugepages-64kB/stats/anon_fault_alloc', '0'))).toBe('EACCES')
  })

  it('6.11 has shared memory and splits of anonymous sizes, no gauges, no shrink_underused', () => {
    const { sysfs } = tree('4K', 'linux-6.11')
    expect(sysfs.list()).not.toContain('shrink_underused')
    expect(sysfs.list()).not.toContain('hugepages-8kB')
    for (const kb of [16, 64, 2048]) {
      expect(sysfs.list(`hugepages-${kb}kB`)).toEqual(['enabled', 'shmem_enabled', 'stats'])
      expect(sysfs.list(`hugepages-${kb}kB/stats`)).toEqual([
        'anon_fault_alloc',
        'anon_fault_fallback',
        'anon_fault_fallback_charge',
        'shmem_alloc',
        'shmem_fallback',
        'shmem_fallback_charge',
        'split',
        'split_deferred',
        'split_failed',
        'swpout',
        'swpout_fallback'
      ])
    }
    // Every anonymous size has it, also those that the page cache cannot hold.
    expect(tree('64K', 'linux-6.11').sysfs.list('hugepages-262144kB')).toContain('shmem_enabled')
    expect(sysfs.read('hugepages-2048kB/shmem_enabled')).toBe('always [inherit] within_size advise never\n')
    sysfs.write('shmem_enabled', 'force')
    expect(code(() => sysfs.write('hugepages-64kB/shmem_enabled', 'inherit'))).toBe('EINVAL')
    sysfs.write('shmem_enabled', 'never')
    sysfs.write('hugepages-64kB/shmem_enabled', 'inherit')
    expect(code(() => sysfs.write('shmem_enabled', 'force'))).toBe('EINVAL')
  })

  it.each([
    ['linux-6.8', false, true],
    ['linux-6.10', false, true],
    ['linux-6.11', true, false],
    ['linux-6.12', true, false]
  ])(
    '%s: writing a size starts khugepaged %s; any size does at the next write to the top %s',
    (kernel, size, any) => {
      const pmd = tree('4K', kernel)
      pmd.sysfs.write('enabled', 'never')
      pmd.sysfs.write('hugepages-2048kB/enabled', 'always')
      expect(pmd.world.thp.khugepagedRuns).toBe(size)
      const small = tree('4K', kernel)
      small.sysfs.write('hugepages-64kB/enabled', 'always')
      small.sysfs.write('enabled', 'never')
      expect(small.world.thp.khugepagedRuns).toBe(any)
    }
  )

  it('6.8 has what 6.9 has', () => {
    const list = (kernel: string) => tree('16K', kernel).sysfs.list()
    expect(list('linux-6.8')).toEqual(list('linux-6.9'))
    expect(tree('16K', 'linux-6.8').sysfs.list('hugepages-64kB')).toEqual(['enabled'])
  })

  it('6.12 has shared memory and statistics a size, and shrink_underused', () => {
    const { sysfs } = tree('4K', 'linux-6.12')
    expect(sysfs.list()).toContain('shrink_underused')
    expect(sysfs.list('hugepages-64kB')).toEqual(['enabled', 'shmem_enabled', 'stats'])
    expect(sysfs.list('hugepages-64kB/stats')).toHaveLength(13)
    expect(sysfs.list('hugepages-8kB')).toEqual(['shmem_enabled', 'stats'])
    expect(sysfs.list('hugepages-8kB/stats')).toEqual([
      'shmem_alloc',
      'shmem_fallback',
      'shmem_fallback_charge',
      'split',
      'split_failed',
      'swpout',
      'swpout_fallback'
    ])
    expect(code(() => sysfs.read('hugepages-8kB/enabled'))).toBe('ENOENT')
  })

  it('sizes beyond what the page cache holds have no shmem_enabled (64K pages)', () => {
    const { sysfs } = tree('64K', 'linux-6.12')
    expect(sysfs.list('hugepages-131072kB')).toContain('shmem_enabled')
    expect(sysfs.list('hugepages-262144kB')).toEqual(['enabled', 'stats'])
    expect(sysfs.list('hugepages-262144kB/stats')).toHaveLength(10)
    expect(sysfs.list('hugepages-128kB')).toEqual(['shmem_enabled', 'stats'])
    expect(sysfs.list().filter((name) => name.startsWith('hugepages-'))).toHaveLength(13)
  })

  it.each([
    ['4K', [64, 2048, 32768, 1048576]],
    ['16K', [2048, 32768, 1048576]],
    ['64K', [2048, 524288, 16777216]]
  ] as const)(
    'HugeTLB has a pool of each size (%s pages); the smallest cannot be demoted',
    (granule, sizes) => {
      const { sysfs } = tree(granule, 'linux-6.12')
      const root = '/sys/kernel/mm/hugepages'
      expect(sysfs.list(root)).toEqual(sizes.map((kb) => `hugepages-${kb}kB`).sort())
      const demotable = sysfs.entries(root).filter(({ path }) => path.endsWith('/demote_size'))
      expect(demotable.map(({ text }) => text).sort()).toEqual(
        sizes
          .slice(0, -1)
          .map((kb) => `${kb}kB\n`)
          .sort()
      )
    }
  )

  it('demote can be written, but not read', () => {
    const { sysfs } = tree('4K', 'linux-6.12')
    const demote = '/sys/kernel/mm/hugepages/hugepages-2048kB/demote'
    expect([sysfs.mode(demote), code(() => sysfs.read(demote)), sysfs.write(demote, '4\n')]).toEqual([
      '0200',
      'EACCES',
      2
    ])
  })

  it('pages larger than the page allocator gives are never surplus', () => {
    const { sysfs } = tree('4K', 'linux-6.12')
    const file = (kb: number) => `/sys/kernel/mm/hugepages/hugepages-${kb}kB/nr_overcommit_hugepages`
    expect(sysfs.write(file(2048), '4')).toBe(1)
    expect(sysfs.read(file(2048))).toBe('4\n')
    expect(code(() => sysfs.write(file(32768), '4'))).toBe('EINVAL')
  })
})

describe('paths', () => {
  it('are absolute, or start from transparent_hugepage', () => {
    const { sysfs } = tree()
    const text = sysfs.read('enabled')
    expect(sysfs.read('/sys/kernel/mm/transparent_hugepage/enabled')).toBe(text)
    expect(sysfs.read('../transparent_hugepage/./khugepaged/../enabled')).toBe(text)
    expect(code(() => sysfs.read('enabled/..'))).toBe('ENOTDIR')
    expect(code(() => sysfs.read('nothing/../enabled'))).toBe('ENOENT')
  })

  it('every file of every kernel reads, or is write-only, and refuses a word nobody knows', () => {
    for (const kernel of kernelNames()) {
      const { sysfs } = tree('4K', kernel)
      for (const { path, mode, text, error } of sysfs.entries('/sys')) {
        if (path.endsWith('/')) continue
        expect(text === undefined ? error : text.at(-1), path).toBe(mode === '0200' ? 'EACCES' : '\n')
        const refused = path.endsWith('lru_gen/enabled') ? 'not-modelled' : 'EINVAL'
        expect(
          code(() => sysfs.write(`/sys/${path}`, 'x')),
          path
        ).toBe(mode === '0444' ? 'EACCES' : refused)
      }
    }
  })
})

describe('a write', () => {
  it('takes at most a page, as the kernel cuts it', () => {
    const { sysfs } = tree()
    expect(sysfs.write('enabled', `madvise\0${'x'.repeat(5000)}`)).toBe(4096)
    expect(sysfs.write('enabled', 'never')).toBe(5)
  })

  it('of shmem_enabled must fit 15 bytes, what follows a NUL included', () => {
    const { sysfs } = tree()
    expect(sysfs.write('shmem_enabled', 'advise\0xxxxxxxx')).toBe(15)
    expect(code(() => sysfs.write('shmem_enabled', 'advise\0xxxxxxxxx'))).toBe('EINVAL')
    expect(code(() => sysfs.write('shmem_enabled', 'advise\n\0'))).toBe('EINVAL')
  })

  it('a number beyond 64 bits is that, whatever follows', () => {
    expect(code(() => tree().sysfs.write('use_zero_page', '18446744073709551616x'))).toBe('ERANGE')
  })

  it.each([
    ['1xyz', '1'],
    ['yellow', '1'],
    ['on', '1'],
    ['0x1', '0'],
    ['off', '0'],
    ['n', '0']
  ])('of shrink_underused looks at two characters: %s is %s', (text, value) => {
    const { sysfs } = tree('4K', 'linux-6.12')
    sysfs.write('shrink_underused', value === '1' ? '0' : '1')
    sysfs.write('shrink_underused', text)
    expect(sysfs.read('shrink_underused')).toBe(`${value}\n`)
  })

  it.each(['o', '2', ' 1', '-1', 'x'])('of shrink_underused refuses %j', (text) => {
    expect(code(() => tree('4K', 'linux-6.12').sysfs.write('shrink_underused', text))).toBe('EINVAL')
  })

  it('force for shared memory and inherit for small sizes exclude each other (6.11+)', () => {
    const { sysfs } = tree('4K', 'linux-6.12')
    sysfs.write('hugepages-64kB/shmem_enabled', 'inherit')
    expect(code(() => sysfs.write('shmem_enabled', 'force'))).toBe('EINVAL')
    sysfs.write('hugepages-64kB/shmem_enabled', 'never')
    sysfs.write('shmem_enabled', 'force')
    expect(code(() => sysfs.write('hugepages-64kB/shmem_enabled', 'inherit'))).toBe('EINVAL')
    sysfs.write('hugepages-2048kB/shmem_enabled', 'inherit')
    expect(tree('4K', 'linux-6.9').sysfs.write('shmem_enabled', 'force')).toBe(5)
  })
})

describe('statistics', () => {
  it('are those of the machine now', () => {
    const { world, sysfs } = tree('4K', 'linux-6.12')
    sysfs.write('hugepages-64kB/enabled', 'always')
    const mm = newMm(world, 1)
    sysMmap(world, mm, { vpn: 2 ** 18, pages: 48, prot: 'rw' })
    userWrite(world, mm, 2 ** 18, 48, 16, () => 1)
    const read = (name: string) => sysfs.read(`hugepages-64kB/stats/${name}`)
    expect([read('anon_fault_alloc'), read('nr_anon')]).toEqual(['3\n', '3\n'])
    sysExit(world, mm)
    expect([read('anon_fault_alloc'), read('nr_anon')]).toEqual(['3\n', '0\n'])
  })
})

describe('khugepaged', () => {
  it.each([
    ['linux-6.1', 'enabled', 'always', true],
    ['linux-6.9', 'hugepages-64kB/enabled', 'always', false],
    ['linux-6.12', 'hugepages-64kB/enabled', 'always', false],
    ['linux-6.12', 'hugepages-2048kB/enabled', 'madvise', true],
    ['linux-6.12', 'enabled', 'madvise', true]
  ])('of %s after %s <- %s runs: %s', (kernel, path, value, runs) => {
    const { settings, sysfs } = tree('4K', kernel)
    sysfs.write(path, value)
    expect(settings.khugepagedRuns).toBe(runs)
  })

  it('6.9 looks at the thread again only when the top level is written', () => {
    const { settings, sysfs } = tree('4K', 'linux-6.9')
    sysfs.write('hugepages-64kB/enabled', 'always')
    expect(settings.khugepagedRuns).toBe(false)
    sysfs.write('enabled', 'never')
    expect(settings.khugepagedRuns).toBe(true)
  })

  it('drains the LRU batches when it starts', () => {
    const { world, sysfs } = tree('4K', 'linux-6.12')
    const mm = newMm(world, 1)
    sysMmap(world, mm, { vpn: 2 ** 18, pages: 1, prot: 'rw' })
    userWrite(world, mm, 2 ** 18, 1, 1, () => 1)
    const pfn = world.tables.pfn(makeSlot(world, mm, 2 ** 18))
    expect(world.lru.references(pfn)).toBe(1)
    sysfs.write('hugepages-2048kB/enabled', 'always')
    expect(world.lru.references(pfn)).toBe(0)
  })
})

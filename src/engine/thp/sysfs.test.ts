/** Figures: reference thp-sysfs.md sections 1-3, tree of 6.8, 4K granule. */
import { describe, expect, it } from 'vitest'
import { GEOMETRIES } from '../arch/granule'
import { EngineError } from '../error'
import { orderAllowed } from './orders'
import { ThpSettings, type SizeEnabled, type TopEnabled } from './settings'
import { Sysfs } from './sysfs'
import { VM_HUGEPAGE, VM_NOHUGEPAGE } from '../mm/mm'

function tree(granule: '4K' | '16K' | '64K' = '4K') {
  const settings = new ThpSettings(GEOMETRIES[granule])
  return { settings, sysfs: new Sysfs(settings) }
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

/** The table of section 5: rows per-size setting, columns top x advice (n, H, N). */
const DECISIONS: Record<SizeEnabled, string> = {
  always: 'yyn yyn yyn',
  inherit: 'yyn nyn nnn',
  madvise: 'nyn nyn nyn',
  never: 'nnn nnn nnn'
}

describe('whether an order is allowed', () => {
  const tops: TopEnabled[] = ['always', 'madvise', 'never']
  const advice = [0, VM_HUGEPAGE, VM_NOHUGEPAGE]
  it.each(Object.entries(DECISIONS))('all nine cases of a size set to %s', (size, row) => {
    const { settings, sysfs } = tree()
    sysfs.write('hugepages-64kB/enabled', size)
    const found = tops.map((top) => {
      sysfs.write('enabled', top)
      return advice.map((flags) => (orderAllowed(settings, 4, flags) ? 'y' : 'n')).join('')
    })
    expect(found.join(' ')).toBe(row)
  })
})

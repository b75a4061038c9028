/** Figures: reference thp-sysfs.md sections 1.2 and 4; recorded: A.boot.*, E.boot.* with their warnings. */
import { describe, expect, it } from 'vitest'
import { kernelByName } from '../kernel'
import { World } from '../world'
import { sizeDirectory } from './sizes'

function boot(commandLine: string, kernel = 'linux-6.12', memoryBytes = 2 ** 31) {
  const world = new World({ kernel: kernelByName(kernel), granule: '4K', memoryBytes, commandLine })
  const { thp, geometry, bootWarnings } = world
  const sizes = thp.sizes.flatMap((state, order) =>
    state === 'never' ? [] : [`${sizeDirectory(geometry, order).slice(10)} ${state}`]
  )
  return { thp, sizes: sizes.join(', '), bootWarnings }
}

const IGNORED = (value: string) =>
  `<4> huge_memory: thp_anon=${value}: error parsing string, ignoring setting`

describe('transparent_hugepage=', () => {
  it.each([
    ['', 'always'],
    ['transparent_hugepage=madvise', 'madvise'],
    ['transparent_hugepage=always transparent_hugepage=never', 'never'],
    ['transparent-hugepage=never', 'never'],
    ['"transparent_hugepage=never"', 'never'],
    ['transparent_hugepage="never"', 'never'],
    ['transparent_hugepage', 'always'],
    ['-- transparent_hugepage=never', 'always']
  ])('%s gives %s', (commandLine, top) => {
    const { thp, bootWarnings } = boot(commandLine, 'linux-6.1')
    expect([thp.top, bootWarnings]).toEqual([top, []])
  })

  it.each(['transparent_hugepage=ALWAYS', 'transparent_hugepage=', 'transparent_hugepage=never,'])(
    '%s is ignored with a warning',
    (commandLine) => {
      const { thp, bootWarnings } = boot(commandLine)
      expect(thp.top).toBe('always')
      expect(bootWarnings).toEqual(['<4> huge_memory: transparent_hugepage= cannot parse, ignored'])
    }
  )
})

describe('thp_anon=', () => {
  it.each([
    [
      '16K-64K:always;128K,512K:inherit;256K:madvise;1M-2M:never',
      '16kB always, 32kB always, 64kB always, 128kB inherit, 256kB madvise, 512kB inherit'
    ],
    ['64K:always thp_anon=128K:madvise', '64kB always, 128kB madvise'],
    ['64k:always', '64kB always'],
    ['64K:always;64K:never', ''],
    ['65536:always', '64kB always'],
    ['0x10000:always', '64kB always'],
    ['0200000:always', '64kB always'],
    ['64KB:always', '64kB always'],
    ['2M:madvise', '2048kB madvise'],
    ['16K-64K-128K:always', '16kB always, 32kB always, 64kB always'],
    ['64K:foo thp_anon=64K:always', '64kB always']
  ])('%s sets %s', (value, sizes) => {
    expect(boot(`thp_anon=${value}`).sizes).toBe(sizes)
  })

  it.each([
    ['8K:always', 'invalid size 8K'],
    ['4K:always', 'invalid size 4K'],
    ['48K:always', 'invalid size 48K'],
    ['4M:always', 'invalid size 4M'],
    ['2M:always;64K:foo', 'invalid policy foo'],
    ['64K:', 'invalid policy '],
    ['64K-:always', 'invalid size '],
    ['-64K:always', 'invalid size '],
    [':always', 'invalid size '],
    ['64K:always:never', 'invalid policy always:never'],
    ['64K:Always', 'invalid policy Always']
  ])('%s is ignored as a whole: %s', (value, why) => {
    const { sizes, bootWarnings } = boot(`thp_anon=${value}`)
    expect(sizes).toBe('2048kB inherit')
    expect(bootWarnings).toEqual([`<3> huge_memory: ${why} in thp_anon boot parameter`, IGNORED(value)])
  })

  it.each(['', '64K', '64K:always;', '64K-16K:always'])('%j is ignored without saying why', (value) => {
    const { sizes, bootWarnings } = boot(`thp_anon=${value}`)
    expect([sizes, bootWarnings]).toEqual(['2048kB inherit', [IGNORED(value)]])
  })

  it.each(['linux-6.1', 'linux-6.9'])('%s does not know it', (kernel) => {
    expect(boot('thp_anon=64K:always', kernel)).toMatchObject({ sizes: '2048kB inherit', bootWarnings: [] })
  })
})

describe('less than 512 MiB of memory', () => {
  it('turns everything off but the settings a size', () => {
    const { thp, sizes } = boot('transparent_hugepage=always thp_anon=64K:always', 'linux-6.12', 2 ** 29)
    expect(thp).toMatchObject({ top: 'never', defrag: 'never', useZeroPage: 0, khugepagedRuns: false })
    expect([thp.khugepaged.defrag, sizes]).toEqual([0, '64kB always'])
  })
})

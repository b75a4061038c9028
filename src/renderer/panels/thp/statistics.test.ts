import { expect, it } from 'vitest'
import { statisticsOf } from './statistics'

const file = (path: string, text: string) => ({ path, text, writable: false, words: [], typed: false })

it('statistics are a row a size, the largest first, and a column a file', () => {
  const { names, rows } = statisticsOf([
    file('enabled', '[always] madvise never'),
    file('hugepages-16kB/enabled', 'always'),
    file('hugepages-16kB/stats/anon_fault_alloc', '1234'),
    file('hugepages-2048kB/stats/anon_fault_alloc', '2'),
    file('hugepages-2048kB/stats/swpout', '3')
  ])
  expect(names).toEqual(['anon_fault_alloc', 'swpout'])
  expect(rows).toEqual([
    { size: '2 MiB', values: ['2', '3'] },
    { size: '16 KiB', values: ['1,234', '–'] }
  ])
})

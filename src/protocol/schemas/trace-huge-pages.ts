/** Schema of what is answered about huge pages at an event. */
import { MAX_CONSOLE_CHARS, MAX_CONSOLE_LINES, MAX_TRACE_BUCKETS } from '../limits'
import type * as t from '../trace'
import * as s from './base'

type Decision = NonNullable<t.TraceHugePages['decision']>
type Size = Decision['sizes'][number]

const OUTPUT_CHARS = 65_536
const order = s.integer(-2, 31)

const size = s.shape<Size>({
  order,
  bytes: s.count,
  setting: s.maybe(s.oneOf('always', 'inherit', 'madvise', 'never')),
  policy: s.oneOf('always', 'madvise', 'never'),
  allowed: s.flag,
  reason: s.name as s.Schema<Size['reason']>,
  why: s.line
})

export const hugePages = s.shape<t.TraceHugePages>({
  event: s.count,
  root: s.line,
  files: s.list(
    s.shape<t.TraceSettingFile>({
      path: s.line,
      text: s.line,
      writable: s.flag,
      words: s.list(s.name, 16),
      typed: s.flag
    }),
    1_000
  ),
  writes: s.list(
    s.shape<t.TraceSettingWrite>({ event: s.count, machine: s.count, path: s.line, value: s.line }),
    1_000
  ),
  console: s.list(
    s.shape<t.TraceConsoleLine>({
      directory: s.line,
      text: s.textOf(MAX_CONSOLE_CHARS),
      output: s.textOf(OUTPUT_CHARS),
      failed: s.flag,
      status: s.count
    }),
    MAX_CONSOLE_LINES
  ),
  directory: s.line,
  completion: s.maybe(
    s.shape<NonNullable<t.TraceHugePages['completion']>>({
      from: s.count,
      candidates: s.list(s.line, 10_000)
    })
  ),
  decision: s.maybe(s.shape<Decision>({ order: s.maybe(order), sizes: s.list(size, 32) })),
  orders: s.maybe(s.list(order, MAX_TRACE_BUCKETS)),
  sizes: s.list(s.shape<t.TraceFolioSize>({ order, bytes: s.count, folios: s.count, partially: s.count }), 32)
})

const sizes = s.list(s.finite, 32)

export const footprint = s.shape<t.TraceFootprint>({
  steps: s.count,
  orders: s.list(order, 32),
  pageSize: s.count,
  points: s.list(
    s.shape<t.TraceFootprint['points'][number]>({
      event: s.count,
      step: s.finite,
      resident: s.count,
      unused: s.count,
      unmapped: s.count,
      folios: sizes,
      unusable: sizes
    }),
    1_000
  )
})

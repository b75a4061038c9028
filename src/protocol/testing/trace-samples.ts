/** One valid message of every call about traces. */
import type { TraceEvent, TraceFilter, TraceMark, TraceService } from '../trace'
import type { Samples } from './samples'

const key = { runId: '20261123T211700-abcdef', cell: 1 }
const two = { a: key, b: { ...key, cell: 2 } }
const filter: TraceFilter = {
  kinds: ['write', 'unfold'],
  machine: 0,
  cpus: [0],
  pids: [1, 2],
  address: { from: 4096, to: 8192 },
  frames: { from: 512, to: 513 },
  order: 4,
  text: 'unfold'
}
const event: TraceEvent = {
  event: 7,
  kind: 'write',
  machine: 0,
  cpu: 0,
  pid: 1,
  timeNs: 12.5,
  address: 4096,
  pages: 1,
  pfn: 512,
  level: 3,
  before: '0',
  after: 'e8000000200fd3',
  text: 'page 0x1000 becomes writable',
  operation: 2,
  link: 8
}
const mark: TraceMark = {
  kind: 'expectation',
  index: 0,
  event: 7,
  at: 'a.ts:3:5',
  text: 'unfolds',
  status: 'fail'
}
const place = { machine: 0, pid: 1, address: 4096 }
const perBucket = [1, 0]

export const traceSamples: Pick<Samples<TraceService, never>, 'requests' | 'replies'> = {
  requests: {
    traceOpen: { ...key, limit: 1000 },
    traceOperations: { ...key, from: 0, count: 10 },
    traceMarks: { ...key, from: 0, count: 10 },
    traceEvents: { ...key, from: 1, to: 9, filter, count: 10 },
    traceLanes: { ...key, axis: 'time', from: 0, to: 100.5, buckets: 2, filter },
    traceFind: { ...key, from: 0, direction: 'next', match: [filter] },
    traceTotals: { ...key, from: 1, to: 9, filter },
    traceState: {
      ...key,
      event: 7,
      since: 6,
      parts: [
        { what: 'processes' },
        { what: 'entries', ...place, pages: 2 },
        { what: 'map', ...place, pages: 262_144, buckets: 2 },
        { what: 'folios', ...place, pages: 2 },
        { what: 'walk', ...place },
        { what: 'tlbs', machine: 0, cpu: 0 },
        { what: 'counters', machine: 0 }
      ]
    },
    traceDescriptor: { ...key, event: 7, ...place, level: 3 },
    traceHugePages: {
      ...key,
      event: 7,
      machine: 0,
      range: { pid: 1, address: 4096, pages: 2 },
      page: 1,
      buckets: 2,
      lines: ['cat enabled'],
      complete: 'ca'
    },
    traceFootprint: { ...key, from: 0, to: 9, machine: 0 },
    traceAlign: { ...two, from: 0, count: 10 },
    traceCounterpart: { ...two, event: 7 },
    traceDiff: { ...two, aEvent: 7, bEvent: 8, cells: 10, address: { from: 0, to: 4096 } },
    traceNextDifference: { ...two, aEvent: 0, direction: 'next', aspects: ['cells', 'counters', 'verdicts'] }
  },
  replies: {
    traceOpen: {
      ...key,
      file: 'a.ts',
      title: 'Fork',
      parameters: { kernel: 'contpte-v2' },
      events: 9,
      kinds: [{ kind: 'write', events: 3, doc: 'A plain store to a descriptor.' }],
      machines: [
        {
          machine: 0,
          kernel: 'contpte-v2',
          cpus: 1,
          tlbs: 1,
          pageSize: 4096,
          blockEntries: 16,
          tableEntries: 512,
          levels: 4,
          vaBits: 48,
          cost: 'ampere-altra'
        }
      ],
      cpus: [{ machine: 0, cpu: 0, events: 9 }],
      processes: [{ machine: 0, pid: 1, parent: 0, from: 1, to: 0, events: 9 }],
      spans: 2,
      operations: 3,
      findings: [mark],
      marks: 1,
      durationNs: 99.5,
      cut: { limit: 9, notice: 'cut' },
      error: 'e',
      bytes: 288
    },
    traceOperations: {
      operations: [
        {
          index: 0,
          title: 'region.write(0, 16)',
          name: 'write 0 16',
          machine: 0,
          pid: 1,
          from: 1,
          to: 9,
          at: 'a.ts:3:5',
          durationNs: 1.5
        }
      ]
    },
    traceMarks: { marks: [mark] },
    traceEvents: { events: [event], matched: 1, next: 8 },
    traceLanes: {
      axis: 'time',
      from: 0,
      to: 100.5,
      buckets: 2,
      borders: [1, 5, 9],
      lanes: [
        {
          machine: 0,
          cpu: 0,
          counts: [{ kind: 'write', buckets: [0], counts: [3] }],
          spans: [
            {
              kind: 'fork',
              title: 'fork',
              machine: 0,
              cpu: 0,
              pid: 1,
              from: 1,
              to: 9,
              fromNs: 0,
              toNs: 99.5,
              depth: 0
            }
          ],
          narrow: { buckets: [1], counts: [2] }
        }
      ],
      events: 3
    },
    traceFind: { event, ordinal: 1, total: 3 },
    traceTotals: {
      events: 9,
      kinds: [{ kind: 'write', events: 3 }],
      cpus: [{ machine: 0, cpu: 0, events: 9, timeNs: 1.5 }],
      counters: [{ machine: 0, counters: { write: 3 } }]
    },
    traceState: {
      event: 7,
      timeNs: 12.5,
      operation: -1,
      parts: [
        {
          what: 'processes',
          processes: [
            {
              machine: 0,
              pid: 1,
              anonPages: 2,
              filePages: 0,
              swapEntries: 0,
              vmas: [
                { address: 4096, pages: 2, access: 'rw-p', flags: ['VM_HUGEPAGE'], anonVma: 1, file: 'f' }
              ]
            }
          ]
        },
        {
          what: 'entries',
          entries: {
            machine: 0,
            pid: 1,
            address: 4096,
            pageSize: 4096,
            blockEntries: 16,
            total: 2,
            flags: [7, 7],
            pfn: [16, 17],
            raw: ['e8000000010fd3', 'e8000000011fd3'],
            mapcount: [1, 1],
            refcount: [2, 2],
            order: [1, 1],
            exclusive: [1, 1],
            entire: [0, 0],
            pins: [0, 0],
            summary: { present: 2, writable: 2, readOnly: 0, foldedBlocks: 0 }
          }
        },
        {
          what: 'map',
          map: {
            machine: 0,
            pid: 1,
            address: 4096,
            pages: 2,
            pageSize: 4096,
            buckets: 2,
            none: perBucket,
            writable: perBucket,
            readOnly: perBucket,
            protNone: perBucket,
            swap: perBucket,
            other: perBucket,
            folded: perBucket,
            huge: perBucket,
            dirty: perBucket,
            young: perBucket,
            shared: perBucket,
            broken: perBucket,
            changed: perBucket
          }
        },
        {
          what: 'folios',
          folios: [
            {
              machine: 0,
              pfn: 16,
              order: 1,
              refcount: 2,
              entire: 0,
              pins: 0,
              mapcount: [1, 1],
              exclusive: [1, 1],
              flags: ['PG_lru'],
              anonVma: 1
            }
          ]
        },
        {
          what: 'swap',
          swap: {
            machine: 0,
            pid: 1,
            address: 4096,
            pageSize: 4096,
            design: { name: 'M6', title: 'one flag a folio', wrong: 'shows old tags' },
            mappings: [{ pid: 1, flags: [4], slots: [512] }],
            pages: [
              {
                pfn: 16,
                order: 4,
                index: 0,
                tags: '0f'.repeat(128),
                tagged: true,
                slot: 512,
                past: false,
                count: 1,
                held: 'cache',
                saved: 5,
                savedAt: 4,
                restoredAt: 0,
                droppedAt: 0,
                restore: ''
              }
            ],
            area: {
              slots: 4095,
              used: 1,
              cached: 1,
              parked: 0,
              buffers: 1,
              bytes: 128,
              total: 1,
              runs: [{ slot: 512, slots: 1, count: 1, held: 'cache', folio: 16, saved: 1 }]
            }
          }
        },
        {
          what: 'walk',
          levels: [
            { level: 3, table: 4, index: 1, address: 4096, bytes: 4096, kind: 'leaf', raw: 'e8000000010fd3' }
          ]
        },
        {
          what: 'tlbs',
          tlbs: [
            {
              machine: 0,
              cpu: 0,
              capacity: 64,
              entries: [
                {
                  slot: 0,
                  pid: 1,
                  address: 4096,
                  pages: 16,
                  pfn: 16,
                  writable: true,
                  dirty: true,
                  contiguous: true,
                  stale: 'the entry is read-only now',
                  pending: true
                }
              ],
              walks: [{ pid: 1, address: 0, table: 4, stale: false }],
              pending: [{ pid: 1, address: 4096, pages: 1 }]
            }
          ]
        },
        { what: 'counters', counters: { write: 3 } }
      ]
    },
    traceHugePages: {
      event: 7,
      root: '/sys/kernel/mm/transparent_hugepage',
      files: [
        {
          path: 'enabled',
          text: '[always] madvise never',
          writable: true,
          words: ['always', 'madvise', 'never'],
          typed: false
        }
      ],
      writes: [{ event: 3, machine: 0, path: 'enabled', value: 'always' }],
      console: [
        {
          directory: '/sys',
          text: 'cat enabled',
          output: '[always] madvise never\n',
          failed: false,
          status: 0
        }
      ],
      directory: '/sys',
      completion: { from: 0, candidates: ['cat'] },
      decision: {
        order: 4,
        sizes: [
          {
            order: 4,
            bytes: 65536,
            setting: 'always',
            policy: 'always',
            allowed: true,
            reason: 'used',
            why: 'It is the largest size that is allowed, fits and is empty.'
          }
        ]
      },
      orders: [4, -1],
      sizes: [{ order: 4, bytes: 65536, folios: 1, partially: 0 }]
    },
    traceDescriptor: {
      raw: 'e8000000010fd3',
      level: 3,
      title: 'writable page, dirty',
      fields: [
        {
          bits: '52',
          name: 'CONT',
          value: '0',
          meaning: 'stands alone',
          source: 'Arm ARM D8.3',
          set: false
        }
      ],
      writtenBy: 7,
      nextWrite: 9
    },
    traceFootprint: {
      steps: 2,
      orders: [0, 4],
      pageSize: 4096,
      points: [
        { event: 3, step: 0.5, resident: 16, unused: 15, unmapped: 0, folios: [0, 1], unusable: [0, 0.25] }
      ]
    },
    traceAlign: {
      pairs: [{ a: 0, b: -1, title: 'region.write(0, 16)', aEvent: 9, bEvent: 0 }],
      total: 1,
      unmatchedA: 1,
      unmatchedB: 0
    },
    traceCounterpart: { event: 8, pair: 0, by: 'page' },
    traceDiff: {
      a: 7,
      b: 8,
      cells: [{ pid: 1, otherPid: 1, address: 4096, a: 'writable', b: 'read-only' }],
      cellsTotal: 1,
      counters: [{ name: 'write', a: 1, b: 2 }],
      verdicts: [{ name: 'unfolds', a: 'pass', b: 'none' }]
    },
    traceNextDifference: { found: true, pair: 0, a: 7, b: 8, aspect: 'cells', text: 'page 0x1000 differs' }
  }
}

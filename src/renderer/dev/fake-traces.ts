/**
 * Traces in memory, for unit tests and for looking at panels. A made-up fork: its events follow a rule,
 * not a kernel, so nothing it says is a result. Production builds leave it out.
 */
import { PTE_VIEW_BITS as BIT } from '../../protocol/results'
import {
  packedMap,
  TRACE_ENTRY_BITS,
  type TraceEntries,
  type TraceEvent,
  type TraceFilter,
  type TraceKey,
  type TraceKind,
  type TraceLanes,
  type TraceMap,
  type TraceOperation,
  type TracePart,
  type TracePartState,
  type TraceService,
  type TraceSpan,
  type TraceSummary
} from '../../protocol/trace'

const PAGE = 4096
const BASE = 0xffff80000000
const W = BIT.present | BIT.valid | BIT.writable | BIT.dirty | BIT.young
const R = BIT.present | BIT.valid | BIT.readOnly | BIT.dirty | BIT.young

interface Step {
  readonly kind: TraceKind
  readonly cpu: number
  readonly pid: number
  readonly entry: number
  /** Flags stored there; -1 where the event stores none. */
  readonly flags: number
}

/** One made-up trace: a region is written, an entry dropped, the process forked. */
export class FakeTrace {
  readonly steps: Step[] = []
  readonly operations: TraceOperation[] = []
  readonly spans: TraceSpan[] = []
  private childFrom = 0

  constructor(
    readonly kernel: string,
    readonly entries: number,
    readonly hole = 21
  ) {
    this.run('write', 5, () => {
      for (let entry = 0; entry < entries; entry++) this.add('write', entry % 2, 1, entry, W | BIT.contiguous)
    })
    this.run('madvise', 6, () => {
      this.add('unfold', 0, 1, hole, -1)
      const first = hole - (hole % 16)
      for (let entry = first; entry < Math.min(entries, first + 16); entry++)
        this.add(entry === hole ? 'xchg' : 'write', 0, 1, entry, entry === hole ? 0 : W)
      this.add('tlbi-page', 0, 1, hole, -1)
      this.add('dsb-ish', 0, 0, 0, -1)
    })
    this.run('fork', 7, () => this.fork())
  }

  private fork(): void {
    this.childFrom = this.steps.length + 1
    this.add('mm-start', 0, 2, 0, -1)
    const batched = this.kernel === 'contpte-v2'
    for (let first = 0; first < this.entries; first += 16) {
      const folded = first > this.hole || first + 16 <= this.hole
      if (!batched && folded) this.add('unfold', 0, 1, first, -1)
      for (let entry = first; entry < Math.min(this.entries, first + 16); entry++) {
        if (entry === this.hole) continue
        const cont = folded && batched ? BIT.contiguous : 0
        this.add('cas', 0, 1, entry, R | cont)
        if (!batched) this.add('refcount', 0, 0, entry, -1)
      }
      for (let entry = first; entry < Math.min(this.entries, first + 16); entry++)
        if (entry !== this.hole)
          this.add('write', 0, 2, entry, (R & ~BIT.young) | (folded ? BIT.contiguous : 0))
    }
    this.add('tlbi-mm', 0, 1, 0, -1)
  }

  private run(name: string, line: number, body: () => void): void {
    const from = this.steps.length + 1
    body()
    const to = this.steps.length
    const index = this.operations.length
    const at = `fork-batching.ts:${line}:5`
    const title = `${name}()`
    this.operations.push({ index, title, name, machine: 0, pid: 1, from, to, at, durationNs: to - from + 1 })
    const times = { fromNs: from * 10, toNs: to * 10 }
    const span = { title, machine: 0, cpu: 0, pid: 1, from, to, ...times }
    this.spans.push({ ...span, kind: 'operation', depth: 0 })
    if (name === 'fork') this.spans.push({ ...span, kind: 'fork', title: 'fork', depth: 1 })
  }

  private add(kind: TraceKind, cpu: number, pid: number, entry: number, flags: number): void {
    this.steps.push({ kind, cpu, pid, entry, flags })
  }

  /** Flags of every entry after `event`, of parent and child. */
  at(event: number): readonly [Int32Array, Int32Array] {
    const state = [new Int32Array(this.entries), new Int32Array(this.entries)] as const
    for (let index = 0; index < Math.min(event, this.steps.length); index++) {
      const { pid, entry, flags } = this.steps[index]
      if (flags >= 0) state[pid - 1][entry] = flags
    }
    return state
  }

  event(number: number): TraceEvent {
    const { kind, cpu, pid, entry } = this.steps[number - 1]
    const address = BASE + entry * PAGE
    const operation = this.operations.findIndex(({ from, to }) => number >= from && number <= to)
    const where = pid > 0 ? { address, pages: 1 } : {}
    const text = pid > 0 ? `${kind} of entry ${entry} at 0x${address.toString(16)}` : kind
    return { event: number, kind, machine: 0, cpu, pid, timeNs: number * 10, text, operation, ...where }
  }

  matches(number: number, filter: TraceFilter): boolean {
    const { kind, cpu, pid, entry } = this.steps[number - 1]
    const at = BASE + entry * PAGE
    return (
      (!filter.kinds || filter.kinds.includes(kind)) &&
      (!filter.cpus || filter.cpus.includes(cpu)) &&
      (!filter.pids || filter.pids.includes(pid)) &&
      (!filter.address || (pid > 0 && at >= filter.address.from && at < filter.address.to)) &&
      (!filter.text || this.event(number).text.includes(filter.text))
    )
  }

  summary(key: TraceKey): TraceSummary {
    const kinds = [...new Set(this.steps.map(({ kind }) => kind))]
    const count = (kind: TraceKind) => this.steps.filter((step) => step.kind === kind).length
    const events = this.steps.length
    const machine = { machine: 0, kernel: this.kernel, cpus: 2, tlbs: 2, pageSize: PAGE, blockEntries: 16 }
    const process = (pid: number, parent: number, from: number) => ({
      machine: 0,
      pid,
      parent,
      from,
      to: 0,
      events
    })
    return {
      ...key,
      file: 'fork-batching.ts',
      title: 'Fork cost of folded blocks',
      parameters: { kernel: this.kernel },
      events,
      kinds: kinds.map((kind) => ({ kind, events: count(kind), doc: kind })),
      machines: [{ ...machine, tableEntries: 512, levels: 4, vaBits: 48, cost: 'made-up' }],
      cpus: [0, 1].map((cpu) => ({
        machine: 0,
        cpu,
        events: this.steps.filter((step) => step.cpu === cpu).length
      })),
      processes: [process(1, 0, 1), process(2, 1, this.childFrom)],
      spans: this.spans.length,
      operations: this.operations.length,
      findings: [
        {
          kind: 'expectation',
          index: 0,
          event: events - 1,
          at: 'fork-batching.ts:24:5',
          text: 'unfolds',
          status: 'fail'
        }
      ],
      marks: 1,
      durationNs: events * 10,
      bytes: events * 32
    }
  }

  entriesOf(
    pid: number,
    address: number,
    pages: number,
    event: number,
    since: number | undefined
  ): TraceEntries {
    const first = (address - BASE) / PAGE
    const now = this.at(event)[pid - 1]
    const then = since === undefined ? now : this.at(since)[pid - 1]
    const index = Array.from({ length: pages }, (_, at) => first + at)
    const flags = index.map((at) => (now[at] ?? 0) | (now[at] === then[at] ? 0 : TRACE_ENTRY_BITS.changed))
    const present = (at: number) => (now[at] & BIT.present) !== 0
    return {
      machine: 0,
      pid,
      address,
      pageSize: PAGE,
      blockEntries: 16,
      total: pages,
      flags,
      pfn: index.map((at) => (present(at) ? 0x8000 + at : -1)),
      raw: index.map((at) => (present(at) ? `68000080${(at + 0x1000).toString(16)}f43` : '0')),
      mapcount: index.map(() => 1),
      refcount: index.map(() => 16),
      order: index.map((at) => (present(at) ? 4 : 0)),
      exclusive: index.map(() => 0),
      entire: index.map(() => 0),
      pins: index.map(() => 0),
      summary: { present: 0, writable: 0, readOnly: 0, foldedBlocks: 0 }
    }
  }

  map(
    part: Extract<TracePart, { what: 'map' | 'packed-map' }>,
    event: number,
    since: number | undefined
  ): TraceMap {
    const { pid, address, pages, buckets } = part
    const now = this.at(event)[pid - 1]
    const then = since === undefined ? now : this.at(since)[pid - 1]
    const first = (address - BASE) / PAGE
    const sum = (test: (flags: number, at: number) => boolean) =>
      Array.from({ length: buckets }, (_, bucket) => {
        let total = 0
        const end = first + Math.floor(((bucket + 1) * pages) / buckets)
        for (let at = first + Math.floor((bucket * pages) / buckets); at < end; at++)
          if (test(now[at] ?? 0, at)) total++
        return total
      })
    const none = sum(() => false)
    return {
      ...{ machine: 0, pid, address, pages, pageSize: PAGE, buckets },
      none: sum((flags) => (flags & BIT.present) === 0),
      writable: sum((flags) => (flags & BIT.writable) !== 0),
      readOnly: sum((flags) => (flags & BIT.readOnly) !== 0),
      folded: sum((flags) => (flags & BIT.contiguous) !== 0),
      changed: sum((flags, at) => flags !== (then[at] ?? 0)),
      ...{
        protNone: none,
        swap: none,
        other: none,
        huge: none,
        dirty: none,
        young: none,
        shared: none,
        broken: none
      }
    }
  }

  lanes(from: number, to: number, buckets: number, axis: 'event' | 'time', filter?: TraceFilter): TraceLanes {
    const scale = axis === 'time' ? 10 : 1
    const [low, high] = [
      Math.max(1, Math.floor(from / scale)),
      Math.min(this.steps.length, Math.ceil(to / scale))
    ]
    const borders = Array.from({ length: buckets + 1 }, (_, at) =>
      Math.round(
        axis === 'time' ? (from + ((to - from) * at) / buckets) / 10 : low + ((high + 1 - low) * at) / buckets
      )
    )
    const lanes = [0, 1].map((cpu) => {
      const counts = new Map<TraceKind, number[]>()
      for (let bucket = 0; bucket < buckets; bucket++) {
        for (
          let at = Math.max(1, borders[bucket]);
          at < borders[bucket + 1] && at <= this.steps.length;
          at++
        ) {
          const { kind, cpu: own } = this.steps[at - 1]
          if (own !== cpu || (filter && !this.matches(at, filter))) continue
          const list = counts.get(kind) ?? Array<number>(buckets).fill(0)
          list[bucket]++
          counts.set(kind, list)
        }
      }
      const sparse = [...counts].map(([kind, list]) => {
        const at = list.flatMap((count, bucket) => (count > 0 ? [bucket] : []))
        return { kind, buckets: at, counts: at.map((bucket) => list[bucket]) }
      })
      return {
        machine: 0,
        cpu,
        counts: sparse,
        spans: cpu === 0 ? this.spans : [],
        narrow: { buckets: [], counts: [] }
      }
    })
    return { axis, from, to, buckets, borders, lanes, events: high - low + 1 }
  }

  part(part: TracePart, event: number, since: number | undefined): TracePartState {
    switch (part.what) {
      case 'processes': {
        const vmas = [{ address: BASE, pages: this.entries, access: 'rw-p', flags: [], anonVma: 1 }]
        const pids = event >= this.childFrom ? [1, 2] : [1]
        const counts = { anonPages: this.entries, filePages: 0, swapEntries: 0 }
        return { what: 'processes', processes: pids.map((pid) => ({ machine: 0, pid, ...counts, vmas })) }
      }
      case 'entries':
        return { what: 'entries', entries: this.entriesOf(part.pid, part.address, part.pages, event, since) }
      case 'map':
        return { what: 'map', map: this.map(part, event, since) }
      case 'packed-map':
        return { what: 'packed-map', map: packedMap(this.map(part, event, since)) }
      case 'folios':
        return {
          what: 'folios',
          folios: Array.from({ length: Math.min(8, part.pages >> 4) }, (_, index) => ({
            ...{
              machine: 0,
              pfn: 0x8000 + 16 * index,
              order: 4,
              refcount: 16,
              entire: 0,
              pins: 0,
              anonVma: 1
            },
            mapcount: Array<number>(16).fill(1),
            exclusive: Array<number>(16).fill(event < this.childFrom ? 1 : 0),
            flags: []
          }))
        }
      case 'walk':
        return {
          what: 'walk',
          levels: [0, 1, 2, 3].map((level) => ({
            ...{ level, table: 10 + level, index: level * 17, address: BASE, raw: '40001003' },
            bytes: PAGE * 512 ** (3 - level),
            kind: level === 3 ? 'leaf' : 'table'
          }))
        }
      case 'teardown': {
        const gather = {
          runs: [],
          pages: 0,
          folios: 0,
          slots: 0,
          capacity: 9698,
          freedFolios: 0,
          freedPages: 0
        }
        const { pid, address } = part
        return {
          what: 'teardown',
          teardown: { machine: 0, pid, address, pageSize: PAGE, blockEntries: 16, gather }
        }
      }
      case 'swap': {
        const { pid, address, pages } = part
        const area = { slots: 0, used: 0, cached: 0, parked: 0, buffers: 0, bytes: 0, total: 0, runs: [] }
        const none = { pfn: -1, order: -1, index: -1, slot: -1, past: false, count: 0, held: 'none' as const }
        const never = { savedAt: 0, restoredAt: 0, droppedAt: 0, restore: '' }
        const flags = Array<number>(pages).fill(0)
        return {
          what: 'swap',
          swap: {
            ...{ machine: 0, pid, address, pageSize: PAGE, area },
            mappings: [{ pid, flags, slots: flags.map(() => -1) }],
            pages: flags.map(() => ({ ...none, ...never }))
          }
        }
      }
      case 'tlbs':
        return {
          what: 'tlbs',
          tlbs: [0, 1].map((cpu) => ({
            ...{ machine: 0, cpu, capacity: 64, walks: [] },
            pending: cpu === 1 ? [{ pid: 1, address: BASE, pages: 1 }] : [],
            entries: [
              {
                ...{ slot: 0, pid: 1, address: BASE, pages: 16, pfn: 0x8000, writable: true, dirty: true },
                ...(cpu === 1 ? { stale: 'the table says read-only' } : {}),
                ...{ contiguous: true, pending: cpu === 1 }
              },
              {
                slot: 1,
                pid: 1,
                address: BASE + 17 * PAGE,
                pages: 1,
                pfn: 0x8011,
                writable: false,
                dirty: false,
                contiguous: false,
                pending: false
              }
            ]
          }))
        }
      case 'counters': {
        const counters: Record<string, number> = {}
        for (const { kind } of this.steps.slice(0, event)) counters[kind] = (counters[kind] ?? 0) + 1
        return { what: 'counters', counters }
      }
    }
  }
}

/** Answers for made-up traces: cell 0, 1, ... of any run. */
export function fakeTraces(traces: readonly FakeTrace[]): TraceService {
  const of = ({ cell }: TraceKey) => {
    const trace = traces[cell]
    if (!trace) throw new Error(`there is no cell ${cell}`)
    return trace
  }
  const counterpart = (a: FakeTrace, b: FakeTrace, event: number) => {
    const pair = a.operations.findLastIndex(({ from }) => from <= event)
    if (pair < 0) return { event: 0, pair, by: 'start' as const }
    const [mine, other] = [a.operations[pair], b.operations[pair]]
    if (event === mine.to) return { event: other.to, pair, by: 'operation' as const }
    const share = (event - mine.from) / Math.max(1, mine.to - mine.from)
    return { event: Math.round(other.from + share * (other.to - other.from)), pair, by: 'page' as const }
  }
  return {
    traceOpen: async (key) => of(key).summary({ runId: key.runId, cell: key.cell }),
    traceOperations: async ({ from, count, ...key }) => ({
      operations: of(key).operations.slice(from, from + count)
    }),
    traceMarks: async ({ from, count, ...key }) => ({
      marks: of(key)
        .summary(key)
        .findings.slice(from, from + count)
    }),
    traceEvents: async ({ from, to, count, filter, ...key }) => {
      const trace = of(key)
      const numbers = Array.from({ length: Math.max(0, to - from + 1) }, (_, at) => from + at)
      const all = numbers.filter((at) => !filter || trace.matches(at, filter))
      return { events: all.slice(0, count).map((at) => trace.event(at)), matched: all.length, next: 0 }
    },
    traceLanes: async ({ from, to, buckets, axis, filter, ...key }) =>
      of(key).lanes(from, to, buckets, axis, filter),
    traceFind: async ({ from, direction, match, ...key }) => {
      const trace = of(key)
      const all = trace.steps
        .map((_, at) => at + 1)
        .filter((at) => match.some((filter) => trace.matches(at, filter)))
      const index =
        direction === 'next' ? all.findIndex((at) => at > from) : all.findLastIndex((at) => at < from)
      return index < 0
        ? { ordinal: 0, total: all.length }
        : { event: trace.event(all[index]), ordinal: index + 1, total: all.length }
    },
    traceTotals: async () => ({ events: 0, kinds: [], cpus: [], counters: [] }),
    traceState: async ({ event, parts, since, ...key }) => ({
      event,
      timeNs: event * 10,
      operation: -1,
      parts: parts.map((part) => of(key).part(part, event, since))
    }),
    traceDescriptor: async () => ({
      ...{ raw: '68000080001f43', level: 3, title: 'writable page, dirty', writtenBy: 1, nextWrite: 0 },
      fields: [
        { bits: '0', name: 'VALID', value: '1', meaning: 'hardware walks it', source: 'Arm ARM', set: true }
      ]
    }),
    traceHugePages: async ({ event, lines }) => ({
      event,
      root: '/sys/kernel/mm/transparent_hugepage',
      files: [],
      writes: [],
      console: lines.map((text) => ({ directory: '/', text, output: '', failed: false, status: 0 })),
      directory: '/',
      sizes: []
    }),
    traceFootprint: async () => ({ steps: 0, orders: [0], pageSize: 4096, points: [] }),
    traceAlign: async () => ({ pairs: [], total: 0, unmatchedA: 0, unmatchedB: 0 }),
    traceCounterpart: async ({ a, b, event }) => counterpart(of(a), of(b), event),
    traceDiff: async ({ aEvent, bEvent }) => ({
      a: aEvent,
      b: bEvent,
      cells: [],
      cellsTotal: 0,
      counters: [],
      verdicts: []
    }),
    traceNextDifference: async ({ a, b, aEvent, direction }) => {
      const [mine, other] = [of(a), of(b)]
      const by = direction === 'next' ? 1 : -1
      for (let at = aEvent + by; at > 0 && at <= mine.steps.length; at += by) {
        const { event } = counterpart(mine, other, at)
        const [one, two] = [mine.at(at), other.at(event)]
        if (one.some((flags, pid) => flags.some((each, entry) => each !== two[pid][entry])))
          return { found: true, pair: 2, a: at, b: event, aspect: 'cells', text: 'an entry differs' }
      }
      return { found: false, pair: -1, a: 0, b: 0, aspect: 'cells', text: '' }
    }
  }
}

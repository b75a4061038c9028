/**
 * Made-up runs to look at panels with, shaped like the fork experiment. The figures follow the formulae
 * of the fork reference where that is easy, and are results of nothing.
 */
import {
  PTE_VIEW_BITS as BIT,
  type Expectation,
  type ForkView,
  type PteView,
  type Row
} from '../../protocol/results'
import type { RunRecord, RunSummary } from '../../protocol/services'

const KERNELS = ['no-contpte', 'contpte-unbatched', 'contpte-v2'] as const
const CPUS = [1, 8, 16, 24, 32] as const
const HASH = '5ea1'.repeat(16)

interface Sample {
  readonly pid: number
  readonly entries: number
  readonly total: number
  readonly writable: boolean
  readonly folded: boolean
  readonly young: boolean
  readonly mapcount: number
  readonly holes?: readonly number[]
  readonly swapped?: readonly number[]
}

/** A region of 64 KiB folios from page frame 0x8000 on. */
export function sampleView(sample: Sample): PteView {
  const { entries, holes = [], swapped = [] } = sample
  const view = { flags: [] as number[], pfn: [] as number[], raw: [] as string[], mapcount: [] as number[] }
  const refcount: number[] = []
  const order: number[] = []
  const exclusive: number[] = []
  for (let index = 0; index < entries; index++) {
    const block = Math.floor(index / 16)
    const torn = [...holes, ...swapped].some((entry) => Math.floor(entry / 16) === block)
    const none = holes.includes(index)
    const swap = swapped.includes(index)
    const mapped = !none && !swap
    const cont = mapped && sample.folded && !torn
    const pfn = 0x8000 + index
    let flags = 0
    let raw = 0n
    if (mapped) {
      flags = BIT.present | BIT.valid | BIT.dirty | (sample.writable ? BIT.writable : BIT.readOnly)
      if (sample.young) flags |= BIT.young
      if (cont) flags |= BIT.contiguous
      raw = (BigInt(pfn) << 12n) | 0x60000000000b43n | (1n << 55n)
      if (sample.young) raw |= 1n << 10n
      else raw &= ~(1n << 10n)
      raw |= sample.writable ? 1n << 51n : 1n << 7n
      if (cont) raw |= 1n << 52n
    }
    if (swap) {
      flags = BIT.swap
      raw = 0x1234_05n
    }
    view.flags.push(flags)
    view.pfn.push(mapped ? pfn : -1)
    view.raw.push(raw.toString(16))
    view.mapcount.push(mapped ? sample.mapcount : 0)
    refcount.push(mapped ? 16 * sample.mapcount : 0)
    order.push(mapped ? 4 : 0)
    exclusive.push(mapped && sample.mapcount === 1 ? 1 : 0)
  }
  const gone = holes.length + swapped.length
  const present = sample.total - gone
  return {
    ...view,
    pid: sample.pid,
    address: 0xffff80000000,
    pageSize: 4096,
    blockEntries: 16,
    total: sample.total,
    refcount,
    order,
    exclusive,
    summary: {
      present,
      writable: sample.writable ? present : 0,
      readOnly: sample.writable ? 0 : present,
      foldedBlocks: sample.folded
        ? sample.total / 16 - new Set([...holes, ...swapped].map((at) => at >> 4)).size
        : 0
    }
  }
}

/** One fork of a region; `torn` has a hole and a swapped page, as after MADV_DONTNEED and reclaim. */
export function sampleFork(kernel: string, torn: boolean): ForkView {
  const total = torn ? 64 : 262_144
  const entries = Math.min(total, 1024)
  const folded = kernel !== 'no-contpte'
  const extra = torn ? { holes: [21], swapped: [57] } : {}
  const base = { entries, total, folded, ...extra }
  const batched = kernel === 'contpte-v2'
  const unfolds = kernel === 'contpte-unbatched' ? total / 16 : 0
  const batches = batched
    ? torn
      ? [16, 5, 10, 16, 9, 6]
      : Array<number>(4096).fill(16)
    : Array<number>(Math.min(4096, total)).fill(1)
  return {
    index: 0,
    parentPid: 1,
    childPid: 2,
    parentBefore: [sampleView({ ...base, pid: 1, writable: true, young: true, mapcount: 1 })],
    parentAfter: [sampleView({ ...base, pid: 1, writable: false, young: true, mapcount: 2 })],
    child: [sampleView({ ...base, pid: 2, writable: false, young: false, mapcount: 2 })],
    counters: {
      read: batched ? total * 2 : total * (folded ? 8 : 3),
      write: total * (folded && !batched ? 5 : 1),
      cas: total,
      fold: unfolds * 2,
      unfold: unfolds,
      tlbi: unfolds * 3 + 1,
      dsbIsh: unfolds * 3 + 1,
      dsbIshst: unfolds * 3 + 1,
      folioRef: batched ? total / 16 : total,
      mapcount: total,
      rss: total,
      exclusiveClear: total,
      fork: 1,
      forkBatch: batched ? (torn ? 6 : total / 16) : total,
      lockSection: Math.max(1, total / 512),
      lockBreakTest: batched ? total / 16 : total / 4,
      progress: total * 8
    },
    batches
  }
}

function forkNs(kernel: string, cpus: number): number {
  const base = 3_912_345.678
  if (kernel === 'no-contpte') return base
  const change = kernel === 'contpte-v2' ? 0.95 : [0.896, 0.846, 0.613, 0.43, 0.342][CPUS.indexOf(cpus as 1)]
  return base / change
}

/** A whole run; with `failing`, one expectation does not hold and the script complains. */
export function sampleRun(failing = false): RunRecord {
  const cells = KERNELS.flatMap((kernel) => CPUS.map((cpus) => ({ kernel, cpus })))
  const rows: Row[] = []
  const expectations: Expectation[] = []
  for (const parameters of cells) {
    const { kernel, cpus } = parameters
    rows.push({ parameters, metric: 'fork', value: forkNs(kernel, cpus), unit: 'ns' })
    for (const [name, value] of Object.entries(sampleFork(kernel, false).counters))
      rows.push({ parameters, metric: `counter.${name}`, value, unit: '1' })
    const unfolds = kernel === 'contpte-unbatched' ? 16384 : 0
    const found = failing && kernel === 'contpte-v2' && cpus >= 24 ? 3 : unfolds
    expectations.push({
      name: 'unfolds by fork',
      parameters,
      status: found === unfolds ? 'pass' : 'fail',
      expected: String(unfolds),
      found: String(found),
      at: 'fork-batching.ts:24:5'
    })
  }
  for (const { kernel, cpus } of cells.filter(({ kernel }) => kernel !== 'no-contpte')) {
    const error = Number(((cpus * 7) % 5) / 2).toFixed(1)
    rows.push({
      parameters: {},
      metric: `error ${kernel} at ${cpus} cpus`,
      value: Number(error),
      unit: 'points'
    })
    expectations.push({
      name: `error of ${kernel} at ${cpus} cpus${cpus === 8 || cpus === 24 ? ' (held out)' : ''}`,
      parameters: {},
      status: 'pass',
      expected: 'at most 3',
      found: error,
      at: 'fork-batching.ts:41:7'
    })
  }
  const values = rows
    .filter(({ metric }) => metric === 'fork')
    .map(({ parameters, ...row }) => ({ ...parameters, ...row }))
  return {
    ...sampleSummary(failing ? 'r2' : 'r1', { failed: failing ? 2 : 0 }),
    text: "import { experiment } from 'contpte-lab'\n",
    header: {
      title: 'Fork cost of folded blocks',
      claim: 'Batched write-protection removes most of the fork regression of PTE_CONT',
      source: 'Ryan Roberts, 16 Nov 2023, reply #4 on v2 01/14',
      topic: 'Fork batching',
      parameters: { kernel: [...KERNELS], cpus: [...CPUS] }
    },
    rows,
    expectations,
    charts: [
      {
        name: 'Fork time by CPUs',
        spec: {
          data: { values },
          mark: { type: 'line', point: true },
          encoding: {
            x: { field: 'cpus', type: 'quantitative' },
            y: { field: 'value', type: 'quantitative', title: 'fork (ns)' },
            color: { field: 'kernel', type: 'nominal' }
          }
        }
      },
      { name: 'Broken on purpose', spec: { data: { values }, mark: 'lne', encoding: {} } },
      {
        name: 'By kernel',
        spec: {
          data: { values },
          mark: 'bar',
          encoding: { x: { field: 'kernel' }, y: { field: 'value', aggregate: 'mean' } }
        }
      }
    ],
    console: [
      { cell: 0, level: 'log', text: 'folded 16384 blocks', at: 'fork-batching.ts:18:5' },
      {
        cell: 5,
        level: 'warn',
        text: 'unfolds: 16384\nsee fork-batching.ts:24:5 for the expectation',
        at: 'fork-batching.ts:20:5'
      },
      { cell: 9, level: 'error', text: 'more TLBIs than a table holds entries', at: 'fork-batching.ts:21:5' },
      { cell: -1, level: 'info', text: 'worst error 2.1 points', at: 'fork-batching.ts:44:5' }
    ],
    diagnostics: failing
      ? [
          {
            code: 'unknown-kernel',
            severity: 'error',
            message: "no kernel is named 'contpte-v9'",
            hint: 'Known kernels: no-contpte, contpte-unbatched, contpte-v2',
            file: 'fork-batching.ts',
            line: 12,
            column: 15,
            parameters: { kernel: 'contpte-v9', cpus: 8 }
          },
          {
            code: 'memory-limit',
            severity: 'warning',
            message: 'memory limit 256 MiB nearly reached',
            file: 'fork-batching.ts',
            line: 14
          }
        ]
      : [],
    cells: cells.map((parameters, index) => ({ parameters, forks: 1, key: `${index}`.padStart(64, '0') })),
    engine: { version: '0.1.0', hash: HASH }
  }
}

/** A line of the history. */
export function sampleSummary(runId: string, change: Partial<RunSummary> = {}): RunSummary {
  return {
    runId,
    file: 'fork-batching.ts',
    title: 'Fork cost of folded blocks',
    status: 'finished',
    seed: 1,
    cellsDone: 15,
    cellsTotal: 15,
    passed: 25,
    failed: 0,
    elapsedMs: 2345,
    startedAt: new Date(2026, 10, 23, 9, 30).toISOString(),
    parameters: { kernel: [...KERNELS], cpus: [...CPUS] },
    ...change
  }
}

/** Small models at random, of everything a model may say: what reductions are held to. */
import type { PteValue, Sequence, Step, UpperValue } from '../../engine/hugetlb/sequences/step'
import { modelOf, type Agent, type Model } from '../model'

const ENTRIES = ['a', 'b']
const FRAMES = ['p', 'q', 'r']

/** A model from a stream of numbers in [0, 1). */
export function randomModel(random: () => number): Model {
  const below = (count: number): number => Math.floor(random() * count)
  const pick = <T>(list: readonly T[]): T => list[below(list.length)]
  const often = (share: number): boolean => random() < share
  const contiguous = often(0.25)
  const hardware = often(0.25)
  const upper = !contiguous && often(0.3)

  const value = (entry: number): PteValue => {
    if (often(0.25)) return 'invalid'
    const access = pick(hardware ? (['rw', 'ro', 'clean'] as const) : (['rw', 'ro'] as const))
    const cont = contiguous && often(0.6)
    return {
      frame: cont ? FRAMES[entry] : pick(FRAMES),
      access,
      ...(cont ? { cont } : {}),
      ...(hardware && often(0.2) ? { accessed: false } : {})
    }
  }
  const upperValue = (): UpperValue =>
    pick<UpperValue>([
      'invalid',
      'table',
      'table',
      { block: 'p', access: 'rw' },
      { block: 'p', access: 'rw', nt: true }
    ])
  const step = (): Step => {
    const entry = below(ENTRIES.length)
    if (often(0.4))
      return {
        do: 'write entry',
        entry: ENTRIES[entry],
        value: value(entry),
        how: pick(['store', 'exchange'] as const),
        ...(hardware && often(0.3) ? { dirty: 'gathered' as const } : {})
      }
    if (upper && often(0.25)) return { do: 'write upper', value: upperValue() }
    return pick<Step>([
      { do: 'tlbi', entries: [ENTRIES[entry]] },
      { do: 'tlbi' },
      { do: 'dsb', domain: 'ishst' },
      { do: 'dsb', domain: 'ish' },
      { do: 'dsb', domain: 'ish' },
      { do: 'copy page', from: pick(FRAMES), to: pick(FRAMES) },
      { do: 'free frame', frame: pick(FRAMES) },
      { do: 'synchronize_rcu' },
      { do: pick(['pause remote CPUs', 'resume remote CPUs', 'irqs off', 'irqs on']) },
      { do: pick(['begin stop_machine', 'end stop_machine']) }
    ])
  }
  const sequence: Sequence = {
    name: 'random',
    title: '',
    source: '',
    entries: ENTRIES,
    frames: { p: 'head', q: 'tail', r: pick(['head', 'tail', 'free']) },
    start: Object.fromEntries(ENTRIES.map((name, entry) => [name, value(entry)])),
    ...(upper ? { upper: upperValue() } : {}),
    steps: Array.from({ length: 2 + below(6) }, step)
  }
  const agents: Agent[] = []
  const entries = (): string[] => pick([['a'], ['b'], ['a', 'b']])
  if (often(0.6))
    agents.push({ kind: 'reader', entries: entries(), on: pick(['both', 'remote', 'interrupt']) })
  if (often(0.5)) agents.push({ kind: 'writer', entries: entries(), user: often(0.5) })
  if (often(0.3)) agents.push({ kind: 'refcount', entries: [pick(ENTRIES)] })
  if (often(0.4)) agents.push({ kind: 'allocator' })
  return modelOf({
    title: 'random',
    sequence,
    agents,
    cpus: pick([2, 2, 3]),
    bbm: pick([0, 1, 2, '2-noabort'] as const),
    content: pick(['strict', 'ignored'] as const),
    architecture: pick(['arm64', 'arm64', 'x86-64'] as const),
    assume: {
      refcountChecks: pick(['reliable', 'unordered'] as const),
      sizeWithPermission: pick(['allowed', 'forbidden'] as const),
      readers: pick(['one word', 'several words'] as const),
      faults: pick(['forbidden', 'handled'] as const)
    },
    maxStates: 5_000
  })
}

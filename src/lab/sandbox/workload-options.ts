/** What `region.workload` is asked for. */
import { WORKLOADS, type WorkloadOptions } from '../../engine/workload'
import { bad, bytes, optional, options, whole } from './arguments'

const NAMES = ['kind', 'live', 'max', 'low', 'decay', 'purge', 'young', 'survive', 'dead', 'seed']

/** Checks a script's options; throws `bad-argument`. */
export function workloadOptions(given: unknown): WorkloadOptions {
  const wanted = options('workload', given, NAMES)
  const kind = WORKLOADS.find((one) => one === wanted.kind)
  if (kind === undefined) throw bad(`workload: kind must be one of ${WORKLOADS.join(', ')}`)
  const share = (name: string): number | undefined =>
    optional(wanted[name], (value) => {
      if (typeof value !== 'number') throw bad(`workload: ${name} must be a share from 0 to 1`)
      return value
    })
  return {
    kind,
    liveBytes: bytes('workload', 'live', wanted.live),
    maxBytes: bytes('workload', 'max', wanted.max),
    purgeBytes: bytes('workload', 'purge', wanted.purge),
    youngBytes: bytes('workload', 'young', wanted.young),
    low: share('low'),
    survive: share('survive'),
    dead: share('dead'),
    decay: optional(wanted.decay, (value) => whole('workload: decay', value)),
    seed: optional(wanted.seed, (value) => whole('workload: seed', value))
  }
}

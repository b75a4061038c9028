/** One lane of the fuzzer: runs the worlds it is sent, one after the other, and says what came of them. */
import { parentPort, workerData } from 'node:worker_threads'
import type { PlanLimits } from './plan'
import { runWorld, shrink, WORLD_STEPS } from './session'

/** A world finished. */
export interface LaneReport {
  readonly seed: number
  readonly ops: number
  readonly kernel: string
  readonly unsupported: readonly (readonly [string, number])[]
  readonly failure?: {
    readonly rule: string
    readonly object: string
    readonly found: string
    readonly during: string
    readonly step: number
    readonly kept: readonly number[]
  }
}

const limits = workerData as PlanLimits & { readonly steps?: number }

parentPort?.on('message', ({ seed, steps = WORLD_STEPS }: { seed: number; steps?: number }) => {
  const result = runWorld(seed, { ...limits, steps })
  const { violation } = result
  const report: LaneReport = {
    seed,
    ops: result.ops,
    kernel: result.plan.kernel.name,
    unsupported: [...result.unsupported],
    ...(violation === undefined
      ? {}
      : { failure: { ...violation, step: result.step, kept: shrink(result, { ...limits, steps }) } })
  }
  parentPort?.postMessage(report)
})

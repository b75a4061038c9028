/** Compares recordings with the simulator, case by case. */
import { Comparison, type Difference } from './diff'
import { Replay, Unsupported } from './driver'
import { familyOf } from './families'
import { hasHugeZero, isCold } from './harness'
import type { LoadedRecording } from './load'
import type { Case, Recording, Step } from './schema'
import { slotHistories, type SlotHistory } from './slot-history'

/** What became of one case. */
export interface CaseResult {
  readonly id: string
  readonly file: string
  readonly status: 'equal' | 'different' | 'unsupported'
  /** The first step that differs, or that is not supported. */
  readonly step?: number
  readonly field?: string
  readonly recorded?: unknown
  /** The simulator's value; of an unsupported case, why. */
  readonly simulated?: unknown
}

/** A result with what a person wants to see of it. */
export interface ReplayedCase {
  readonly result: CaseResult
  /** The simulator's steps: all of them, unless it could not go on. */
  readonly steps: readonly Step[]
  readonly whole: boolean
  /** All fields of the first differing step that differ. */
  readonly differences: readonly Difference[]
}

/**
 * Replays one case. Where single pages get their swap slots depends on what earlier cases of the boot
 * left: the case is equal if it is with one of the histories that its own counts admit.
 */
export function replayCase(recording: Recording, each: Case, file: string): ReplayedCase {
  const histories = slotHistories(each)
  const first = replayAfter(recording, each, file, histories[0])
  if (first.result.status !== 'different') return first
  for (const history of histories.slice(1)) {
    const other = replayAfter(recording, each, file, history)
    if (other.result.status === 'equal') return other
  }
  return first
}

function replayAfter(recording: Recording, each: Case, file: string, history: SlotHistory): ReplayedCase {
  const steps: Step[] = []
  const before = recording.cases.slice(
    0,
    recording.cases.findIndex(({ id }) => id === each.id)
  )
  const named = { id: each.id, file }
  let result: CaseResult = { ...named, status: 'equal' }
  let differences: readonly Difference[] = []
  try {
    const replay = new Replay(recording.kernel, recording.boots[each.boot], isCold(each, before))
    if (hasHugeZero(each, before)) replay.leaveHugeZero()
    replay.leaveSlots(history)
    const comparison = new Comparison()
    for (const step of each.steps) {
      const simulated = replay.step(step)
      steps.push(simulated)
      const found = comparison.step(step, simulated, replay.leeway)
      if (found.length > 0 && result.status === 'equal') {
        differences = found
        const [{ field, recorded, simulated: ours }] = found
        result = { ...named, status: 'different', step: step.i, field, recorded, simulated: ours }
      }
    }
    return { result, steps, whole: true, differences }
  } catch (error) {
    const at = { ...named, step: steps.length }
    if (error instanceof Unsupported) {
      if (result.status === 'equal') result = { ...at, status: 'unsupported', simulated: error.message }
    } else if (result.status === 'equal') {
      const message = error instanceof Error ? error.message : String(error)
      result = { ...at, status: 'different', field: 'error', simulated: message }
    }
    return { result, steps, whole: false, differences }
  }
}

/** How many cases of a family came out how. */
export interface FamilyTally {
  readonly family: string
  equal: number
  different: number
  unsupported: number
}

/** Tallies by family, in the order of their names. */
export function tallyFamilies(results: readonly CaseResult[]): FamilyTally[] {
  const tallies = new Map<string, FamilyTally>()
  for (const { id, status } of results) {
    const family = familyOf(id)
    const tally = tallies.get(family) ?? { family, equal: 0, different: 0, unsupported: 0 }
    tallies.set(family, tally)
    tally[status]++
  }
  return [...tallies.values()].sort((a, b) => (a.family < b.family ? -1 : 1))
}

/** The cases of a recording that one of the prefixes begins; all without prefixes. */
export function selected({ recording }: LoadedRecording, only: readonly string[]): readonly Case[] {
  if (only.length === 0) return recording.cases
  return recording.cases.filter(({ id }) => only.some((prefix) => id.startsWith(prefix)))
}

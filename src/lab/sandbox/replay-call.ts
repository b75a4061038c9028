/** The call of `replay`: one schedule of a model, and what it comes to. */
import { ModelError } from '../../explorer/error'
import { modelOf, type Model } from '../../explorer/model'
import { replaySchedule, type Replayed } from '../../explorer/schedule'
import { harmText } from '../explore/harm'
import { bad } from './arguments'
import type { Handles } from './calls'

type Call = (handles: Handles, args: readonly unknown[]) => unknown

/** Lines of one schedule. */
const MAX_LINES = 10_000

/** What the explorer refuses is an argument that the script got wrong. */
function told<T>(body: () => T): T {
  try {
    return body()
  } catch (error) {
    if (error instanceof ModelError) throw bad(`replay: ${error.message}`)
    throw error
  }
}

function lines(value: unknown): readonly string[] {
  if (!Array.isArray(value) || value.length > MAX_LINES || value.some((line) => typeof line !== 'string'))
    throw bad(`replay: the schedule must be a list of at most ${MAX_LINES} lines`)
  return value as string[]
}

function answer({ harms, states }: Replayed): object {
  return {
    harm: harms.length === 0 ? '' : harmText(harms[0]),
    harms: harms.map(({ line, property, hazard, rule, entry, text }) => ({
      line,
      property,
      hazard,
      rule,
      entry,
      text
    })),
    states: states.map(({ upper, entries, frames, tlbs, done }) => ({ upper, entries, frames, tlbs, done }))
  }
}

/** Every call by name. */
export const REPLAY_CALLS: Readonly<Record<string, Call>> = {
  replay: (_handles, [definition, schedule]) => {
    const model: Model = told(() => modelOf(definition))
    const wanted = lines(schedule)
    return answer(told(() => replaySchedule(model, wanted)))
  }
}

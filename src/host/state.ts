/** Settings and layout: one JSON object on disk. A broken file is kept aside and defaults are used. */
import { readFile, rename } from 'node:fs/promises'
import { basename } from 'node:path'
import * as v from 'valibot'
import { state as stateSchema } from '../protocol/schemas/host'
import { isMissing, writeFileAtomic } from './files'

export type State = Readonly<Record<string, unknown>>

export interface LoadedState {
  readonly state: State
  /** For the user: what was wrong and where the file is now. */
  readonly notice?: string
}

/** Reads the state file at `path`. */
export async function loadState(path: string): Promise<LoadedState> {
  let text
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    if (isMissing(error)) return { state: {} }
    return { state: {}, notice: `Settings could not be read (${messageOf(error)}). Defaults are used.` }
  }
  try {
    return { state: v.parse(stateSchema, JSON.parse(text)) }
  } catch (error) {
    const aside = `${path}.broken`
    const kept = await rename(path, aside).then(
      () => ` The broken file is kept as ${basename(aside)} in the data folder.`,
      () => ''
    )
    return { state: {}, notice: `Settings are not valid (${messageOf(error)}). Defaults are used.${kept}` }
  }
}

export async function saveState(path: string, state: State): Promise<void> {
  await writeFileAtomic(path, `${JSON.stringify(state, null, 2)}\n`, { durable: true })
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** How events hold memory tags, which are more than a lane where the granules of a page differ. */
import type { PageTags } from '../mte/tags'
import type { TraceLog } from './log'

/** What a look into the store of saved tags came to; events name it by its place. */
export const RESTORE_OUTCOMES = ['nothing saved', 'there already', 'copied', 'remembered'] as const

export type RestoreOutcome = (typeof RESTORE_OUTCOMES)[number]

/** From here on a lane names a text, of a hexadecimal digit a granule. */
const MIXED = 16

/** Lane of the tags of a page: the tag of all its granules, or where they are spelled out. */
export function tagLane(log: TraceLog, tags: PageTags): number {
  if (typeof tags === 'number') return tags
  let text = ''
  for (const byte of tags) text += (byte & 15).toString(16) + (byte >> 4).toString(16)
  return MIXED + log.text(text)
}

/** The tags of a lane: one for all granules, or a hexadecimal digit for each. */
export function tagsOfLane(texts: readonly string[], lane: number): number | string {
  return lane < MIXED ? lane : texts[lane - MIXED]
}

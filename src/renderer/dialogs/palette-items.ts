import uFuzzy from '@leeoniya/ufuzzy'
import type { ExperimentEntry, RunSummary } from '../../protocol/services'
import { displayKey } from '../commands/keys'
import type { Command } from '../commands/registry'
import type { PanelDefinition } from '../panels/registry'

/** One line of the palette. */
export interface PaletteItem {
  readonly id: string
  readonly title: string
  /** Quiet text after the title: category, claim, when it ran. */
  readonly detail: string
  readonly key?: string
  readonly recent: boolean
}

const fuzzy = new uFuzzy({ intraMode: 1 })

/** How near a title is to what was typed: the same, containing it as it stands, or only alike. */
function distance(title: string, needle: string): number {
  const words = title.toLowerCase()
  const typed = needle.toLowerCase()
  return words === typed ? 0 : words.includes(typed) ? 1 : 2
}

/** Items that match, best first; all of them, in their own order, for an empty query. */
export function searchItems(items: readonly PaletteItem[], query: string): readonly PaletteItem[] {
  const needle = query.trim()
  if (needle === '') return items
  const haystack = items.map((item) => `${item.title} ${item.detail}`)
  const [found, info, order] = fuzzy.search(haystack, needle, 1)
  if (!found) return []
  const matches = info && order ? order.map((at) => items[info.idx[at]]) : found.map((at) => items[at])
  return matches.sort((a, b) => distance(a.title, needle) - distance(b.title, needle))
}

/** Commands that may run now, those used last first. */
export function commandItems(
  commands: readonly Command[],
  recent: readonly string[]
): readonly PaletteItem[] {
  const rank = (id: string) => {
    const at = recent.indexOf(id)
    return at < 0 ? recent.length : at
  }
  return commands
    .filter((command) => command.enabled?.() !== false && command.id !== 'palette.show')
    .map((command) => ({
      id: command.id,
      title: command.title,
      detail: command.category,
      ...(command.keys?.[0] ? { key: displayKey(command.keys[0]) } : {}),
      recent: recent.includes(command.id)
    }))
    .sort((a, b) => rank(a.id) - rank(b.id))
}

const OUTCOME: Readonly<Record<RunSummary['status'], string>> = {
  checking: 'checking',
  running: 'running',
  finished: 'finished',
  failed: 'failed',
  cancelled: 'cancelled',
  lost: 'lost'
}

/** Everything that can be opened by name: experiments, panels, runs. */
export function openItems(
  experiments: readonly ExperimentEntry[],
  panels: readonly PanelDefinition[],
  runs: readonly RunSummary[]
): readonly PaletteItem[] {
  return [
    ...experiments.map((entry) => ({
      id: `experiment:${entry.id}`,
      title: entry.title,
      detail: `${entry.topic} · ${entry.file}`,
      recent: false
    })),
    ...panels.map((panel) => ({
      id: `panel:${panel.id}`,
      title: panel.title,
      detail: 'Panel',
      recent: false
    })),
    ...runs.slice(0, 200).map((run) => ({
      id: `run:${run.runId}`,
      title: run.title || run.file,
      detail: `Run of ${run.startedAt.replace('T', ' ').slice(0, 19)} · ${OUTCOME[run.status]}`,
      recent: false
    }))
  ]
}

import type { ExperimentEntry, RunSummary } from '../../protocol/services'
import { isLive } from '../stores/live-run'

export type Mark = 'running' | 'holds' | 'fails' | 'error' | 'none'

/** How an experiment's last run ended. Cancelled and lost runs say nothing about the claim. */
export function markOf(
  entry: Pick<ExperimentEntry, 'file'>,
  summaries: readonly RunSummary[],
  active: Pick<RunSummary, 'file' | 'status'> | null
): Mark {
  if (active?.file === entry.file && isLive(active)) return 'running'
  const last = summaries.find(
    (run) => run.file === entry.file && (run.status === 'finished' || run.status === 'failed')
  )
  if (!last) return 'none'
  if (last.status === 'failed') return 'error'
  return last.failed === 0 ? 'holds' : 'fails'
}

/** Entries whose words hold every word of the query, in any order. */
export function filterEntries(
  entries: readonly ExperimentEntry[],
  query: string,
  topic: string
): readonly ExperimentEntry[] {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean)
  return entries.filter((entry) => {
    const text = [topic, entry.title, entry.claim, entry.source, entry.file].join(' ').toLowerCase()
    return words.every((word) => text.includes(word))
  })
}

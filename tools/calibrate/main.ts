import { format, resolveConfig } from 'prettier'
import type { CostProfile } from '../../src/engine/cost/profile'
import { calibrate } from './calibrate'
import { calibrationCounts, programCounts } from './counts'

const percent = (value: number): string => `${value.toFixed(2)} %`

/** The report as a table for people. */
export function table({ calibration }: CostProfile): string {
  const rows = [
    ['kernel', 'cpus', 'published', 'simulated', 'error', ''],
    ...calibration.cells.map((cell) => [
      cell.kernel,
      String(cell.cpus),
      percent(cell.published),
      percent(cell.simulated),
      cell.error.toFixed(2),
      cell.heldOut ? 'held out' : 'fitted'
    ])
  ]
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)))
  const lines = rows.map((row) =>
    row
      .map((text, i) => (i === 0 || i === 5 ? text.padEnd(widths[i]) : text.padStart(widths[i])))
      .join('  ')
      .trimEnd()
  )
  return [
    ...lines,
    '',
    `Largest error: ${calibration.worst} points.`,
    ...calibration.parameters.map(({ name, ns }) => `Fitted: ${name} = ${ns} ns`),
    ...calibration.variants.map(({ what, worst }) => `Variant, ${what}: largest error ${worst} points`),
    '',
    ...calibration.findings.map((finding) => `- ${finding}`)
  ].join('\n')
}

/** A fresh fit from the engine's counts, and the bytes of its file at `path`. */
export async function freshProfile(path: string): Promise<{ profile: CostProfile; text: string }> {
  const profile = calibrate(calibrationCounts(), programCounts())
  const style = (await resolveConfig(path)) ?? {}
  const text = await format(JSON.stringify(profile), { ...style, parser: 'json' })
  return { profile, text }
}

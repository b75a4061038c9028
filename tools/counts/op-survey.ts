/** Every operation of the sheets, in every granule, with and without FEAT_TLBIRANGE. */
import { OP_SHEETS, costFigures, type Cost, type OpSheet } from './op-sheets'
import { J, playScene } from './op-scenes'
import { GRANULES, type Case } from './shape'
import type { Figures } from './sheet'

const GRANULE_NAMES = ['4K', '16K', '64K'] as const

/** Counters that callers add of their own and that sections 5 and 6 have no figure for. */
const CALLERS = [
  ...['mapcount', 'rss', 'folioRef', 'zapBatch', 'fault', 'faultWrite', 'cowCopy', 'cowReuse', 'pageCopy'],
  ...['fork', 'forkBatch', 'progress', 'lockSection', 'lockBreakTest', 'lockBreak', 'exclusiveClear']
]

/** What came out; `table` is the part of the page. */
export interface OpSurvey {
  readonly compared: number
  /** Plays compared, and sheets they were compared with. */
  readonly plays: number
  readonly sheets: number
  readonly wrong: readonly string[]
  readonly table: string
}

function check(sheet: OpSheet, kernel: string, granule: Case['granule'], range: boolean) {
  const { c } = GRANULES[granule]
  // "Of the block" takes all of it.
  const whole = sheet.scene.endsWith('of the block')
  const wanted = costFigures(sheet.cost, { C: c, j: whole ? c : J }, range)
  const found = withoutCallers(playScene(sheet.scene, kernel, granule, range))
  const where = `${sheet.scene}, ${kernel}, ${granule}${range ? ', range TLBI' : ''}`
  const keys = [...new Set([...Object.keys(wanted), ...Object.keys(found)])].sort()
  const wrong = keys
    .filter((key) => (wanted[key] ?? 0) !== (found[key] ?? 0))
    .map((key) => `${where}: ${key} is ${found[key] ?? 0}, its formula says ${wanted[key] ?? 0}`)
  return { found, wrong, compared: Object.keys(wanted).length }
}

const withoutCallers = (figures: Figures): Figures =>
  Object.fromEntries(Object.entries(figures).filter(([key]) => !CALLERS.includes(key)))

/** Plays and compares everything. */
export function opSurvey(): OpSurvey {
  const wrong: string[] = []
  let compared = 0
  let plays = 0
  const rows: string[] = []
  for (const sheet of OP_SHEETS) {
    const cells: Figures[] = []
    for (const kernel of sheet.kernels) {
      for (const granule of kernel.startsWith('oneplus') ? (['4K'] as const) : GRANULE_NAMES) {
        for (const range of [false, true]) {
          const result = check(sheet, kernel, granule, range)
          wrong.push(...result.wrong)
          compared += result.compared
          plays++
          if (kernel === sheet.kernels[0] && granule === '4K') cells.push(result.found)
        }
      }
    }
    rows.push(row(sheet, cells))
  }
  return { compared, plays, sheets: OP_SHEETS.length, wrong, table: [...HEAD, ...rows].join('\n') }
}

const HEAD = [
  '| operation | kernels | R | X | W | S | TLBI, no range / range | DSB ISHST + ISH | reference |',
  '| --- | --- | --- | --- | --- | --- | --- | --- | --- |'
]

/** A formula with converts added, and what it is with C = 16. */
function cell(formula: string | undefined, converts: string, measured: number | undefined): string {
  const text = [formula, converts].filter((part) => part !== undefined && part !== '').join(' + ')
  if (text === '') return '0'
  return text === String(measured) ? text : `${text} = ${measured ?? 0}`
}

function row({ scene, kernels, source, cost }: OpSheet, [single, range]: readonly Figures[]): string {
  const converts = convertText(cost)
  const tlbi = `${single.tlbi ?? 0} / ${range.tlbi ?? 0}`
  const dsb = `${single.dsbIshst ?? 0} + ${single.dsbIsh ?? 0}`
  const mark = cost.own === undefined ? '' : ` ~ ${cost.own}`
  return `| ${[
    scene,
    kernels.join(', '),
    cell(cost.R, '', single.read),
    cell(cost.X, converts, single.xchg),
    cell(cost.W, converts, single.write),
    cell(cost.S, '', single.cas),
    tlbi,
    dsb,
    `${source}${mark}`
  ].join(' | ')} |`
}

function convertText({ unfold, fold, split }: Cost): string {
  const names = [
    ...(split === undefined ? [] : [`${split}·C (split)`]),
    ...(unfold === undefined ? [] : [`${unfold}·C (unfold)`]),
    ...(fold === undefined ? [] : [`${fold}·C (fold)`])
  ]
  return names.join(' + ')
}

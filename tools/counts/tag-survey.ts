/** The sheets of `tag-sheets.ts` against what the engine counts. */
import { tagRoundTrip, type TagRoundTrip } from '../../src/engine/check/tag-round-trip'
import { MTE_DESIGNS, MTE_DESIGN_NAMES } from '../../src/engine/mte/designs'
import { evaluate } from './expression'
import {
  TAG_COUNTS,
  TAG_ORDERS,
  TAG_SHEETS,
  WAYS,
  WAY_TITLES,
  type TagCount,
  type TagSheet
} from './tag-sheets'

export interface TagSurvey {
  readonly compared: number
  readonly sheets: number
  readonly cases: number
  readonly wrong: readonly string[]
  /** The part of the page. */
  readonly text: string
}

/** Every sheet measured and compared. */
export function tagSurvey(sheets: readonly TagSheet[] = TAG_SHEETS): TagSurvey {
  const wrong: string[] = []
  let compared = 0
  let cases = 0
  const measured = new Map<TagSheet, TagRoundTrip[]>()
  for (const sheet of sheets) {
    const figures = sheet.orders.map((order) => {
      const all = sheet.designs.map((design) => {
        const found = tagRoundTrip(design, order, sheet.way)
        cases++
        for (const name of TAG_COUNTS) {
          const wanted = evaluate(sheet.formulae[name] ?? '0', { n: 2 ** order })
          compared++
          if (found[name] !== wanted)
            wrong.push(
              `${design}, ${sheet.way}, k = ${order}: ${name} is ${found[name]}, its formula says ${wanted}`
            )
        }
        return found
      })
      return all[0]
    })
    measured.set(sheet, figures)
  }
  return { compared, sheets: sheets.length, cases, wrong, text: textOf(sheets, measured) }
}

const INTRO = `## Memory tags of large folios in swap

A folio of n = 2^k pages, all tagged, none with tag 0, goes out and comes back: what each design of "arm64: mm: swap:
save and restore mte tags for large folios" costs (reference mte-swap.md sections 3 and 6; 4K). Saves and scans are
those of the swap-out, all else of the way back. \`tags copied\` are pages written to tag memory; a page in the swap cache
still has its tags, so only M7, which has no flag to tell, copies there. Anonymous folios have no order 1; a folio of a
PMD (k = 9) is never read whole. M0 has no large folio in swap: it is split first. M1 does not read folios back right,
and is left out where they are read whole.`

const LABELS: Readonly<Record<TagCount, string>> = {
  saves: 'tags saved',
  scans: 'tags read at swap-out',
  faults: 'faults',
  lookups: 'lookups',
  copies: 'tags copied',
  checks: 'checks'
}

function textOf(sheets: readonly TagSheet[], measured: ReadonlyMap<TagSheet, TagRoundTrip[]>): string {
  const designs = MTE_DESIGN_NAMES.map((name) => `- ${name}: ${MTE_DESIGNS[name].title}`).join('\n')
  const parts = [INTRO, designs]
  for (const way of WAYS) {
    const mine = sheets.filter((sheet) => sheet.way === way)
    if (mine.length === 0) continue
    const rows = mine.flatMap((sheet) =>
      TAG_COUNTS.filter((name) => sheet.formulae[name] !== undefined).map((name) => {
        const figures = measured.get(sheet) ?? []
        const cells = TAG_ORDERS.map((order) => figures[sheet.orders.indexOf(order)]?.[name] ?? '–')
        return `| ${sheet.designs.join(', ')} | ${LABELS[name]} | ${sheet.formulae[name] ?? '0'} | ${cells.join(' | ')} |`
      })
    )
    parts.push(
      `### ${WAY_TITLES[way]}`,
      [
        `| designs | count | formula | ${TAG_ORDERS.map((order) => `k = ${order}`).join(' | ')} |`,
        `| --- | --- | --- | ${TAG_ORDERS.map(() => '---').join(' | ')} |`,
        ...rows
      ].join('\n')
    )
  }
  return parts.join('\n\n')
}

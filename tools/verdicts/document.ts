/** `docs/vmemmap-verdicts.md`: the verdicts of the explorer, and beside them what the reference says. */
import { sequenceOf } from '../../src/engine/hugetlb/sequences'
import { rowsOf, SUBJECTS, type Cell, type Row, type Subject } from './cells'
import { ACTORS, EXPLANATIONS, REFERENCE, type ReferenceCell } from './reference'

/** What one subject contributes: its section, and its rows for the comparison. */
export interface Section {
  readonly subject: Subject
  readonly rows: readonly Row[]
  readonly text: string
}

function pathText({ steps }: NonNullable<Cell['shortest']>): string {
  return steps.map(({ cpu, text }) => (cpu === 0 ? text : `**CPU ${cpu}** ${text}`)).join('; ')
}

function cellText(each: Cell | undefined, paths: string[]): string {
  if (each === undefined) return ''
  if (each.verdict === 'safe') return 'safe'
  const path = pathText(each.shortest!)
  if (!paths.includes(path)) paths.push(path)
  const word = each.verdict === 'open' ? `open (${each.decides.join(', ')})` : 'unsafe'
  return `${word} ${each.hazards.join(' ')} [${paths.indexOf(path) + 1}]`
}

export function sectionOf(subject: Subject): Section {
  const rows = rowsOf(subject)
  const { title, source } = sequenceOf(subject.sequence, 1)!
  const paths: string[] = []
  const lines = rows.map(
    ({ levels, contents, cells }) =>
      `| ${levels.join(', ')} | ${contents.join(', ')} | ${ACTORS.map((actor) => cellText(cells[actor], paths)).join(' | ')} |`
  )
  const text = [
    `### ${subject.name}`,
    '',
    `${title}. ${source}.`,
    '',
    `| FEAT_BBM | contents | ${ACTORS.join(' | ')} |`,
    `| --- | --- | ${ACTORS.map(() => '---').join(' | ')} |`,
    ...lines,
    '',
    ...paths.map((path, index) => `${index + 1}. ${path}`),
    ...(paths.length > 0 ? [''] : [])
  ].join('\n')
  return { subject, rows, text }
}

export interface Compared {
  readonly cell: ReferenceCell
  readonly level: string
  readonly content: string
  readonly ours: Cell
  readonly equal: boolean
  readonly why?: string
}

/** Every cell the reference speaks of, beside ours. */
export function compare(sections: readonly Section[]): Compared[] {
  return REFERENCE.flatMap((cell) => {
    const section = sections.find(({ subject }) => subject.name === cell.sequence)
    if (section === undefined) return []
    return cell.contents.flatMap((content) =>
      cell.levels.map((level): Compared => {
        const row = section.rows.find(
          ({ levels, contents }) => levels.map(String).includes(level) && contents.includes(content)
        )
        const ours = row?.cells[cell.actor]
        if (ours === undefined) throw new Error(`no cell ${cell.sequence} ${level} ${content} ${cell.actor}`)
        const said = cell.said === '?' ? 'open' : cell.said
        const explanation = EXPLANATIONS.find(
          ({ sequence, actor, levels }) =>
            sequence === cell.sequence &&
            actor === cell.actor &&
            (levels === undefined || levels.includes(level))
        )
        const equal = said === ours.verdict
        return { cell, level, content, ours, equal, ...(equal ? {} : { why: explanation?.why }) }
      })
    )
  })
}

/** Cells that differ without a word about it. */
export const unexplained = (compared: readonly Compared[]): readonly Compared[] =>
  compared.filter(({ equal, why }) => !equal && why === undefined)

function comparisonText(compared: readonly Compared[]): string {
  const groups = new Map<string, { count: number; line: string }>()
  for (const { cell, content, level, ours, equal, why } of compared) {
    const { sequence, actor, said, note } = cell
    const key = JSON.stringify([sequence, actor, said, note, ours.verdict, equal])
    const group = groups.get(key)
    if (group !== undefined) {
      group.count++
      continue
    }
    const reference = `${said === '?' ? 'not determined' : said}${note === '' ? '' : ` (${note})`}`
    const verdict = ours.verdict === 'safe' ? 'safe' : `${ours.verdict} ${ours.hazards.join(' ')}`
    const where = `from FEAT_BBM ${level}, ${content}`
    groups.set(key, {
      count: 1,
      line: `| ${sequence} | ${actor} | ${where} | ${reference} | ${verdict} | ${equal ? 'equal' : `differs: ${why ?? ''}`} |`
    })
  }
  return [
    '| sequence | actor | configurations | reference | explorer | |',
    '| --- | --- | --- | --- | --- | --- |',
    ...[...groups.values()].map(({ line, count }) =>
      line.replace(/\| from ([^|]*) \|/, (_, where: string) => `| ${count}: from ${where} |`)
    )
  ].join('\n')
}

const HEAD = `# Verdicts on the vmemmap sequences

Made by \`npm run verdicts\`: every sequence x FEAT_BBM level x rule about contents x actor, explored to the end on two CPUs with one tail, walkers, late TLBIs, interrupts on the updating CPU and an allocator that reuses freed pages. Configurations in which every cell is the same share a row.

Actors: **R** reads a tail; **T** tries a refcount on a tail (one word, 0 in the old and the new page, so that the clause about contents is R's affair); **H** takes or drops a reference on the head, with its refcount frozen at 0 or not; **N** writes a neighbour in the same 2 MiB. \`unsafe\` lists every hazard that can happen (H1 to H12) and the number of the shortest counterexample below the table; what no CPU is named for happens on CPU 0, which updates. \`open\` names the switch that decides: thread and manual leave it undetermined.
`

/** The whole page, and what is wrong with it. */
export function verdictsPage(subjects: readonly Subject[] = SUBJECTS): {
  readonly text: string
  readonly compared: readonly Compared[]
} {
  const sections = subjects.map(sectionOf)
  const compared = compare(sections)
  const equal = compared.filter((each) => each.equal).length
  const determined = compared.filter(({ cell }) => cell.said !== '?')
  const text = [
    HEAD,
    '## Beside the reference',
    '',
    `${compared.length} cells have a verdict in section 6 of the reference or are named as undetermined there: ${equal} are equal, ${compared.length - equal} differ for the reason given. Of the ${determined.length} determined ones ${determined.filter((each) => each.equal).length} are equal.`,
    '',
    comparisonText(compared),
    '',
    '## Every sequence',
    '',
    ...sections.map((section) => section.text)
  ].join('\n')
  return { text, compared }
}

/** `docs/counts.md`: the sheets with what was measured, for people. */
import type { CounterName } from '../../src/engine/trace/counters'
import { J } from './op-scenes'
import { PAGES, type Case } from './shape'
import { keyOf, type Row, type Sheet } from './sheet'
import { SHEETS, type Cell, type Survey } from './survey'

const GRANULE_NAMES = ['4K', '16K', '64K'] as const

const SHORT: Partial<Record<CounterName, string>> = { read: 'R', write: 'W', xchg: 'X', cas: 'S' }

const INTRO = `# Counts

Made by \`npm run counts\`; do not edit. Every figure here was counted by the engine and is equal to its formula.
Formulae were written from the rules and formulae of the kernels, not from the engine, but for those marked \`~\`. A
counter that a table does not name was 0. Every table holds for all kernels in its heading.

R, W, X, S: loads, plain stores, exchanges and compare-and-swaps of descriptors. \`~\` marks what the kernel's source
leaves open (plain loads that a compiler may merge) or what the formulae of the threads round or leave out: there the
formula is our own, made with the engine's model in view. It shows that both agree and is no independent check; the
line under the table says why.

| letter | meaning |
| ------ | ------- |
| N | pages mapped by last-level entries: private, writable, dirty, anon-exclusive, not pinned |
| k, F, Fo | order of the folios; F = 2^k pages; Fo = N / F folios |
| C, B, b, h, q | entries of a contpte block (16, 128, 32); B = N / C blocks; b the whole ones among them; h = C / 2; q = B / 4 rounded up |
| H, U | last-level tables of the region; tables above them, root included |
| L | sections under the page-table lock: one a table and VMA |
| P | pieces that borders of tables leave of the folios |
| Vn, Va, Vs, Vr, Vd | flushes of the range: how many, those by ASID, single-page and range instructions, DSB ISH of all. A full gather flushes in the middle: after 9698 pages (4K) one slot a page; 4849 folios or 9678 single pages in runs |
| Xc, Xu, Xr | runs that a full gather cuts (v3 only), those cut inside a block, reads they cost more |

The columns are the granules; cells show N = 16 / 512 / 262144, and a dash where nothing was measured or the class
does not exist. Where orders differ a cell shows the lowest and the highest measured. Rows "with range TLBI" are for
CPUs with FEAT_TLBIRANGE.

Orders are those that last-level entries can map: 2^k <= N, up to the order of a PMD (9 with 4K, 11 with 16K, 13 with
64K). OnePlus has 4K alone; its blocks have order 4 alone. Two designs of teardown that were
proposed without figures, \`contpte-v2-robust\` and \`contpte-flush-folio\`, have no formulae: the tests beside
\`zap.ts\` alone hold their counts. What runs where:

| | \`npm run counts\`, \`npm test\` | \`npm run counts -- --every\` | \`npm run counts -- --twice\` |
| --- | --- | --- | --- |
| N = 16 and 512 | every order, by hot loops and entry by entry | same | same |
| N = 262144, 4K | every order by hot loops; k = 4 entry by entry too | same | every order, both ways |
| N = 262144, 16K and 64K | by hot loops: one order or more of each class, k = 0, of a block and of a PMD among them (without contiguous PTEs, where orders are one class: of a PMD alone) | every order by hot loops | every order, both ways |
| N = 262144, blocks unfolded, out of line or cut by a VMA border | folios of one block and of a PMD, by hot loops | every order from a block's on, by hot loops | every order from a block's on, both ways |
| range TLBI | N = 16 and 512: k = 0, 3, 4, 9 and of a block, by hot loops; N = 262144: blocks of 4K where fork flushes | same | every case, both ways |`

const OPERATIONS = `A folio of two blocks, whose first one is folded, foldable but plain, or not there. Formulae are checked in
every granule and for every kernel named; figures shown are those of 4K (C = 16). A fold or an unfold exchanges C
entries, stores C, and flushes the block between two barriers; a split of OnePlus likewise, but its flush is not
last-level. j is ${J}. Callers are shown with what they do to entries and TLBs alone. \`~\` in the last column is a
figure of our own.`

interface Line {
  readonly key: string
  readonly label: string
  readonly formula: string
  readonly range: boolean
  readonly own: string | undefined
}

/** The rows of a sheet as lines: rows of one counter add up; a line more where range TLBI makes a difference. */
function linesOf(sheet: Sheet): Line[] {
  const keys = [...new Set(sheet.rows.map(keyOf))]
  return keys.flatMap((key) => {
    const rows = sheet.rows.filter((row) => keyOf(row) === key && row.formula !== '0')
    const single = rows.filter((row) => row.range !== true)
    const range = rows.filter((row) => row.range !== false)
    const varies = rows.some((row) => row.range !== undefined || /\bV[sra]\b/.test(row.formula))
    const [{ side, counter }] = sheet.rows.filter((row) => keyOf(row) === key)
    const name = SHORT[counter] ?? counter
    const label = side === 'mm' ? name : `${side} ${name}`
    const line = (of: readonly Row[], ranged: boolean): Line[] =>
      of.length === 0
        ? []
        : [
            {
              key,
              label: ranged ? `${label}, with range TLBI` : label,
              formula: of.map((row) => row.formula).join(' + '),
              range: ranged,
              own: of.find((row) => row.own !== undefined)?.own
            }
          ]
    return [...line(single, false), ...(varies ? line(range, true) : [])]
  })
}

/** What a line came to in all orders of one granule and size. */
function value(line: Line, cells: readonly Cell[], granule: Case['granule'], pages: number): string {
  const mine = cells.filter(
    ({ of }) => of.granule === granule && of.pages === pages && of.range === line.range
  )
  const counts = mine.map(({ of, figures }) => ({ order: of.order, n: figures[line.key] ?? 0 }))
  if (counts.length === 0) return '–'
  if (counts.every(({ n }) => n === counts[0].n)) return String(counts[0].n)
  const [low, high] = [Math.min, Math.max].map((pick) => pick(...counts.map(({ order }) => order)))
  const at = (order: number): string => {
    const found = new Set(counts.filter((each) => each.order === order).map(({ n }) => n))
    if (found.size > 1) throw new Error(`${line.key}: kernels of one table differ at order ${order}`)
    return `${[...found].join()} (k = ${order})`
  }
  return `${at(low)} … ${at(high)}`
}

function table(sheet: Sheet, cells: readonly Cell[]): string {
  const granules = GRANULE_NAMES.filter((granule) => cells.some(({ of }) => of.granule === granule))
  const lines = linesOf(sheet)
  const body = lines
    .map((line) => [
      line.label,
      `${line.own === undefined ? '' : '~ '}${line.formula}`,
      ...granules.map((granule) => PAGES.map((pages) => value(line, cells, granule, pages)).join(' / '))
    ])
    // What is 0 at every size says nothing.
    .filter((row) => row.slice(2).some((cell) => /[1-9]/.test(cell)))
  const notes = [
    ...new Set(lines.flatMap(({ label, own }) => (own === undefined ? [] : [`${label}: ${own}`])))
  ]
  return [
    `| count | formula | ${granules.join(' | ')} |`,
    `| --- | --- | ${granules.map(() => '--- |').join(' ')}`,
    ...body.map((row) => `| ${row.join(' | ')} |`),
    ...(notes.length > 0 ? ['', `~ ${notes.join('; ')}.`] : [])
  ].join('\n')
}

/** The page; `operations` is the table of single operations, `tags` the part on tags in swap. */
export function documentOf({ cells }: Survey, operations: string, tags: string): string {
  const parts = [INTRO, '## Operations on entries', OPERATIONS, operations]
  const designs = [...new Set(SHEETS.map(({ kernels }) => kernels.join(', ')))]
  for (const design of designs) {
    parts.push(`## ${design}`)
    const sheets = SHEETS.filter(({ kernels }) => kernels.join(', ') === design)
    for (const operation of new Set(sheets.map((sheet) => sheet.operation))) {
      parts.push(`### ${operation}`)
      for (const sheet of sheets.filter((each) => each.operation === operation)) {
        const mine = cells.filter((cell) => cell.sheet === sheet)
        parts.push(`**${sheet.when}** (reference ${sheet.source})`, table(sheet, mine))
      }
    }
  }
  parts.push(tags)
  return `${parts.join('\n\n')}\n`
}

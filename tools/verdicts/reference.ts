/**
 * What thread and manual say of every cell (section 6 of the reference on HVO and break-before-make),
 * and why we differ where we do. `?` is not determined there.
 */
export type Said = 'safe' | 'unsafe' | '?'
export type Actor = 'R' | 'T' | 'H frozen' | 'H not frozen' | 'N'
export const ACTORS: readonly Actor[] = ['R', 'T', 'H frozen', 'H not frozen', 'N']

export interface ReferenceCell {
  readonly sequence: string
  /** FEAT_BBM levels and content rules it is said of. */
  readonly levels: readonly string[]
  readonly contents: readonly ('strict' | 'ignored')[]
  readonly actor: Actor
  readonly said: Said
  /** Hazard or condition, as the reference names it. */
  readonly note: string
}

const ALL = ['0', '1', '2', '2-noabort']
const BOTH = ['strict', 'ignored'] as const

function cells(
  sequence: string,
  contents: readonly ('strict' | 'ignored')[],
  said: Partial<Record<Actor, readonly [Said, string]>>,
  levels: readonly string[] = ALL
): ReferenceCell[] {
  return ACTORS.flatMap((actor) => {
    const cell = said[actor]
    return cell === undefined ? [] : [{ sequence, levels, contents, actor, said: cell[0], note: cell[1] }]
  })
}

const everybody = (cell: readonly [Said, string]): Partial<Record<Actor, readonly [Said, string]>> => ({
  R: cell,
  T: cell,
  'H not frozen': cell,
  N: cell
})

const remap = (
  sequence: string,
  contents: readonly ('strict' | 'ignored')[],
  R: readonly [Said, string],
  T: readonly [Said, string],
  frozen: readonly [Said, string],
  notFrozen: readonly [Said, string]
): ReferenceCell[] => cells(sequence, contents, { R, T, 'H frozen': frozen, 'H not frozen': notFrozen })

const OK = (note = ''): readonly [Said, string] => ['safe', note]
const BAD = (note: string): readonly [Said, string] => ['unsafe', note]
const OPEN = (note: string): readonly [Said, string] => ['?', note]

export const REFERENCE: readonly ReferenceCell[] = [
  // 6.1
  ...cells('split-direct', BOTH, everybody(BAD('B3, H8')), ['0', '1']),
  ...cells('split-direct', BOTH, everybody(BAD('rule kept, H8 until the TLBI')), ['2']),
  ...cells('split-direct', BOTH, everybody(OK()), ['2-noabort']),
  ...cells('split-nt', BOTH, everybody(BAD('B3')), ['0']),
  ...cells('split-nt', BOTH, everybody(BAD('data kept, fault or abort allowed')), ['1']),
  ...cells('split-nt', BOTH, everybody(OK()), ['2', '2-noabort']),
  ...cells('split-ro', BOTH, { R: BAD('B3') }, ['0', '1']),
  ...cells('split-ro', BOTH, { R: OPEN('Yu asked 11 Jul 2024, not answered') }, ['2', '2-noabort']),
  ...cells('split-ro', BOTH, { N: BAD('H5') }),
  ...cells('split-bbm', BOTH, everybody(BAD('H1'))),
  ...cells('split-bbm-paused', BOTH, everybody(OK('paused'))),
  // 6.2
  ...remap('S0', BOTH, BAD('H3'), BAD('H3, H6'), BAD('H3 on the rule'), BAD('H4')),
  ...remap('S0-freed-early', BOTH, BAD('H7'), BAD(''), BAD('H7'), BAD('H7')),
  ...remap('S1', BOTH, BAD('H1, H2'), BAD('H1, H2'), BAD('same'), BAD('same')),
  ...remap('S1b', BOTH, BAD('H1, H2'), BAD('H1, H2'), BAD('same'), BAD('same')),
  ...remap('S2', BOTH, OK(), OK('given 2.4'), OK(), OK('nobody runs')),
  ...remap('S4', ['strict'], BAD('H9'), OPEN('H6'), OK(), BAD('H5')),
  ...remap('S4', ['ignored'], OK(), OPEN('H6'), OK(), BAD('H5')),
  ...remap('S5', ['strict'], BAD('H9'), OPEN('H6'), OK(), BAD('H5')),
  ...remap('S5', ['ignored'], OK(), OPEN('H6'), OK(), BAD('H5')),
  ...cells('S5', BOTH, { N: BAD('H5') }),
  ...remap('S6', ['strict'], OK('after the copy; H12 during it'), OPEN('H6, H12'), OK(), BAD('H5')),
  ...remap('S6-copy-early', ['strict'], OPEN(''), OPEN(''), BAD('like H4'), BAD('')),
  ...remap('S6-one-store', BOTH, BAD('H3'), BAD('H3'), BAD(''), BAD('')),
  ...remap('S7', BOTH, OK(), OK('given 2.4'), OK(), OK('while paused')),
  ...remap('S7-rfc', BOTH, BAD('H11'), BAD('H11'), OK(), BAD('H11')),
  ...remap('S8', BOTH, BAD('H1'), OPEN(''), OK(), BAD('H1')),
  ...remap('S0 on x86-64', BOTH, OK(), OK('given 2.4'), OK(), BAD('H4')),
  ...cells('S0-freed-early on x86-64', BOTH, { R: BAD('H7') }),
  // 6.3
  ...cells('D0', BOTH, { R: BAD('B2') }),
  ...cells('D1', BOTH, { R: OK() }),
  ...cells('D1', ['strict'], { T: OPEN('') }),
  ...cells('D1-reset-first', ['strict'], { R: BAD('H9') }),
  ...cells('D1-reset-first', ['ignored'], { R: OK() }),
  ...cells('D7', BOTH, { R: OK('paused') })
]

export interface Explanation {
  readonly sequence: string
  readonly actor: Actor
  readonly levels?: readonly string[]
  readonly why: string
}

/** Where our verdict is another one, and why. */
export const EXPLANATIONS: readonly Explanation[] = [
  {
    sequence: 'S1',
    actor: 'H frozen',
    why: 'A frozen head is not touched by H at all (rule K1), as in the rows of S7-rfc and S8; whoever only reads it is in column R.'
  },
  {
    sequence: 'S1b',
    actor: 'H frozen',
    why: 'A frozen head is not touched by H at all (rule K1), as in the rows of S7-rfc and S8; whoever only reads it is in column R.'
  },
  {
    sequence: 'S6-copy-early',
    actor: 'R',
    why: 'A reader alone changes nothing, so the copy stays equal; what harms is a store to a tail after the copy, and only a refcount attempt may make one (`experiments/vmemmap/s6-copy-early.ts`).'
  },
  {
    sequence: 'S6-copy-early',
    actor: 'H frozen',
    why: 'With the head frozen H makes no store, and it never stores to frames 1 to 7: the late store is that of a refcount attempt whose checks are not ordered. `experiments/vmemmap/s6-copy-early.ts` finds it: the copy is changed through a stale entry, and the remap then breaks B2 by its contents.'
  },
  {
    sequence: 'S7',
    actor: 'T',
    why: 'The condition is the switch: safe where the checks are reliable (2.4), H6 where they are not, because a paused CPU may be between check and atomic.'
  },
  {
    sequence: 'S0 on x86-64',
    actor: 'T',
    why: 'The condition is the switch: safe where the checks are reliable (2.4), H6 where they are not.'
  },
  {
    sequence: 'split-ro',
    actor: 'R',
    levels: ['2'],
    why: 'Level 2 may abort until the TLBI whatever the rule says, as in the direct form; the rule itself is open (see H frozen, where nobody looks).'
  }
]

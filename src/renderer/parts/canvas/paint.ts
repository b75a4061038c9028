/** Draws the visible bands of a region: blocks as columns far away, cells with letters near. */
import { THEMES, type ThemeName, type TokenName } from '../../theme/tokens'
import { accessOf, isChanged, isContiguous, isDirty, isYoung, letterOf, type PteAccess } from '../pte'
import { LETTERS_FROM, type CanvasLayout } from './layout'
import type { BlockLook, NearEntries } from './looks'

export interface PaintRequest {
  readonly entries: number
  /** One a block. */
  readonly looks: readonly BlockLook[]
  /** Looks that differ from the other side. */
  readonly differs?: ReadonlySet<number> | undefined
  readonly near?: NearEntries
  readonly blockEntries: number
  readonly layout: CanvasLayout
  /** First pixel of the drawing that is visible, and how many are. */
  readonly top: number
  readonly height: number
  readonly theme: ThemeName
  /** The entry under the keyboard's cursor. */
  readonly cursor?: number
}

const FILL: Readonly<Record<PteAccess, TokenName>> = {
  writable: 'fill-writable',
  'read-only': 'fill-readonly',
  none: 'fill-none',
  swap: 'fill-swap',
  'prot-none': 'fill-protnone',
  marker: 'fill-marker'
}
const INK: Readonly<Record<PteAccess, TokenName>> = {
  writable: 'on-writable',
  'read-only': 'on-readonly',
  none: 'on-none',
  swap: 'on-swap',
  'prot-none': 'on-protnone',
  marker: 'on-marker'
}

type Context = CanvasRenderingContext2D

/** Paints what of the region is visible. */
export function paint(context: Context, request: PaintRequest): void {
  const { entries, layout, top, height } = request
  const first = Math.max(0, Math.floor(top / layout.pitch))
  const last = Math.min(layout.bands, Math.ceil((top + height) / layout.pitch))
  for (let band = first; band < last; band++) {
    const from = band * layout.perBand
    const to = Math.min(entries, from + layout.perBand)
    const y = band * layout.pitch - top
    for (let at = from; at < to; at += request.blockEntries) {
      const x = (at - from) * layout.perEntry
      const count = Math.min(request.blockEntries, to - at)
      const look = lookAt(request, at)
      if (layout.perEntry < 1 || !loaded(request, at, count)) far(context, request, look, count, x, y)
      else near(context, request, at, count, x, y, look)
      if (request.differs?.has(Math.floor((at * request.looks.length) / entries)))
        differs(context, request, count, x, y)
    }
  }
  cursor(context, request)
}

function colour(request: PaintRequest, token: TokenName): string {
  return THEMES[request.theme][token]
}

const UNKNOWN: BlockLook = { access: 'none', contiguity: 'none', changed: false }

/** There may be fewer looks than blocks: each then stands for its equal share of them. */
function lookAt({ looks, entries }: PaintRequest, at: number): BlockLook {
  return looks[Math.floor((at * looks.length) / entries)] ?? UNKNOWN
}

function loaded({ near: part }: PaintRequest, at: number, count: number): boolean {
  return part !== undefined && at >= part.first && at + count <= part.first + part.flags.length
}

function far(
  context: Context,
  request: PaintRequest,
  look: BlockLook,
  count: number,
  x: number,
  y: number
): void {
  const { layout } = request
  const width = Math.max(1, layout.perEntry * count)
  const drawn = width > 3 ? width - 1 : width
  const { height } = layout
  context.fillStyle = colour(request, look.access === 'none' ? 'none-line' : FILL[look.access])
  // What is none is hollow: a line below, so that it is not taken for a fill.
  if (look.access === 'none') context.fillRect(x, y + height - 2, drawn, 1)
  else context.fillRect(x, y, drawn, height)
  const edge = edgeOf(look)
  if (!edge) return
  context.fillStyle = colour(request, edge)
  context.fillRect(x, y, drawn, edge === 'contframe' ? 1 : 4)
}

/** Another state than on the other side: a bar below, as cells have a corner there. */
function differs(context: Context, request: PaintRequest, count: number, x: number, y: number): void {
  const { perEntry, height } = request.layout
  context.fillStyle = colour(request, 'text')
  context.fillRect(x, y + height, Math.max(1, perEntry * count - 1), 1)
}

/** What a block's upper edge says from far away: a broken frame before a change, a change before a frame. */
function edgeOf(look: BlockLook): TokenName | undefined {
  if (look.contiguity === 'broken') return 'bad'
  if (look.changed) return 'step'
  return look.contiguity === 'folded' ? 'contframe' : undefined
}

function near(
  context: Context,
  request: PaintRequest,
  at: number,
  count: number,
  x: number,
  y: number,
  look: BlockLook
): void {
  const { perEntry, height } = request.layout
  const gap = perEntry >= 4 ? 1 : 0
  let contiguous = 0
  for (let index = 0; index < count; index++) {
    const flags = flagsAt(request, at + index)
    const access = accessOf(flags)
    if (isContiguous(flags)) contiguous++
    const left = x + index * perEntry
    if (access !== 'none') fill(context, colour(request, FILL[access]), left, y, perEntry - gap, height)
    else if (perEntry < 8)
      fill(context, colour(request, 'none-line'), left, y + height - 2, perEntry - gap, 1)
    else outline(context, colour(request, 'none-line'), left, y, perEntry - gap, height, 1)
    if (perEntry >= LETTERS_FROM) letter(context, request, flags, left, y)
    if (isChanged(flags)) outline(context, colour(request, 'step'), left, y, perEntry - gap, height, 1.5)
  }
  const broken = look.contiguity === 'broken'
  if (contiguous === 0 && !broken) return
  const frame = colour(request, broken ? 'bad' : 'contframe')
  outline(context, frame, x - 0.5, y - 1, count * perEntry, height + 2, broken ? 2 : 1)
}

function flagsAt({ near: part }: PaintRequest, entry: number): number {
  return part?.flags[entry - part.first] ?? 0
}

function fill(context: Context, style: string, x: number, y: number, width: number, height: number): void {
  context.fillStyle = style
  context.fillRect(x, y, width, height)
}

function outline(
  context: Context,
  style: string,
  x: number,
  y: number,
  width: number,
  height: number,
  line: number
): void {
  context.strokeStyle = style
  context.lineWidth = line
  context.strokeRect(x + 0.5, y + 0.5, width - 1, height - 1)
  context.lineWidth = 1
}

function letter(context: Context, request: PaintRequest, flags: number, x: number, y: number): void {
  const access = accessOf(flags)
  const { perEntry } = request.layout
  const middle = x + (perEntry - 1) / 2
  context.fillStyle = colour(request, INK[access])
  context.font = "10px 'JetBrains Mono', monospace"
  context.textAlign = 'center'
  context.textBaseline = 'middle'
  context.fillText(letterOf(access), middle, y + 9)
  if (access === 'none' || access === 'swap' || access === 'marker') return
  if (isDirty(flags)) context.fillRect(middle - 3.5, y + 15, 7, 1.5)
  if (isYoung(flags)) context.fillRect(x + perEntry - 4.5, y + 2, 2.5, 2.5)
}

function cursor(context: Context, request: PaintRequest): void {
  const { layout, cursor: at, blockEntries } = request
  if (at === undefined) return
  const wide = layout.perEntry < LETTERS_FROM
  const first = wide ? at - (at % blockEntries) : at
  const x = (first % layout.perBand) * layout.perEntry
  const y = Math.floor(first / layout.perBand) * layout.pitch - request.top
  const width = wide ? Math.max(3, blockEntries * layout.perEntry) : layout.perEntry
  outline(context, colour(request, 'focus'), x - 2, y - 2, width + 3, layout.height + 4, 2)
}

import { ref } from 'vue'
import { headerOf, type Table } from './table'
import { displayText } from './view'

/** Lines looked at to choose widths: enough for what is on screen first, few enough for huge tables. */
const SAMPLE = 300
const NARROWEST_PX = 56
const WIDEST_PX = 320
/** Padding of a cell, and room for the sort mark of a header. */
const PADDING_PX = 22
const MARK_PX = 16

/**
 * Widths of the columns in pixels, from their titles and from lines spread over the whole table.
 * `measure` gives the width of a text in the grid's font.
 */
export function columnWidths(table: Table, measure: (text: string, bold: boolean) => number): number[] {
  const step = Math.max(1, Math.floor(table.rows.length / SAMPLE))
  return table.columns.map((column, index) => {
    let longest = ''
    for (let row = 0; row < table.rows.length; row += step) {
      const text = displayText(table.rows[row][index])
      if (text.length > longest.length) longest = text
    }
    const title = headerOf({ ...column, title: column.short ?? column.title })
    const width = Math.max(measure(title, true) + MARK_PX, measure(longest, false) * 1.04)
    return Math.round(Math.min(WIDEST_PX, Math.max(NARROWEST_PX, width + PADDING_PX)))
  })
}

/** The font of all tables. */
const FAMILY = "'Inter Variable', Inter, sans-serif"
let context: CanvasRenderingContext2D | null | undefined

/** Counts up when the font has come: what was measured before was another font. */
const fontLoaded = ref(0)
let asked = false

function askForFont() {
  if (asked) return
  asked = true
  Promise.all([document.fonts.load(`400 13px ${FAMILY}`), document.fonts.load(`600 13px ${FAMILY}`)]).then(
    () => fontLoaded.value++,
    () => undefined
  )
}

/** The width of a text in the grid's font. Reactive: read inside a computed, it measures again once the font is there. */
export function measureText(text: string, bold: boolean): number {
  askForFont()
  void fontLoaded.value
  context ??= document.createElement('canvas').getContext('2d')
  if (!context) return text.length * 7.5
  context.font = `${bold ? 600 : 400} 13px ${FAMILY}`
  // Tables set figures in one width, which is that of the widest.
  return context.measureText(text.replace(/\d/g, '0')).width
}

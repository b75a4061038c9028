/** Columns of text for a terminal. */

/** Display width is taken as the number of code points: our own texts are plain. */
const width = (text: string): number => [...text].length

/** Rows under a header, columns padded; columns named in `right` are aligned to the right. */
export function table(
  header: readonly string[],
  rows: readonly (readonly string[])[],
  right: readonly string[]
): string {
  const all = [header, ...rows]
  const widths = header.map((_, column) => Math.max(...all.map((row) => width(row[column] ?? ''))))
  const line = (row: readonly string[]): string =>
    row
      .map((text, column) => {
        const pad = ' '.repeat(widths[column] - width(text))
        return right.includes(header[column]) ? pad + text : text + pad
      })
      .join('  ')
      .trimEnd()
  return all.map((row) => `${line(row)}\n`).join('')
}

/** Thousands separated by a thin mark people can read and tools can drop: `17,236,000.25`. */
export function numberText(value: number): string {
  const [, sign, whole, rest] = /^(-?)(\d+)(.*)$/.exec(String(value)) ?? ['', '', String(value), '']
  return sign + whole.replace(/\B(?=(\d{3})+$)/g, ',') + (rest.startsWith('.') ? rest.slice(0, 5) : rest)
}

/** A text from a script on one line of a terminal, without control characters. */
export function plain(text: string): string {
  return text.replace(/\s+/g, ' ').replace(/\p{C}/gu, '�')
}

/** What a formula's letters stand for. */
export type Vars = Readonly<Record<string, number>>

/**
 * The value of a formula as `docs/counts.md` shows it: numbers, names, `+ - · /`, brackets. The text
 * that is printed is the text that is checked. Throws on anything else, with the place.
 */
export function evaluate(text: string, vars: Vars): number {
  const tokens = text.match(/\d+|[A-Za-z]+|\S/g) ?? []
  let at = 0
  const fail = (): never => {
    throw new Error(`formula '${text}': unexpected '${tokens[at] ?? 'end'}' at token ${at}`)
  }
  const atom = (): number => {
    const token = tokens[at++]
    if (token === '(') {
      const value = sum()
      if (tokens[at++] !== ')') fail()
      return value
    }
    if (token !== undefined && /^\d/.test(token)) return Number(token)
    const value = token === undefined ? undefined : vars[token]
    if (value !== undefined) return value
    at--
    return fail()
  }
  const product = (): number => {
    let value = atom()
    while (tokens[at] === '·' || tokens[at] === '/') {
      if (tokens[at++] === '·') value *= atom()
      else value /= atom()
    }
    return value
  }
  const sum = (): number => {
    let value = product()
    while (tokens[at] === '+' || tokens[at] === '-') {
      if (tokens[at++] === '+') value += product()
      else value -= product()
    }
    return value
  }
  const value = sum()
  return at === tokens.length ? value : fail()
}

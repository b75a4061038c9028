/** Options of the programs, as getopt reads them: `-rn`, `--`, and operands anywhere. */

export interface Parsed {
  readonly flags: ReadonlySet<string>
  /** Values of options that take one, by letter; the last one counts. */
  readonly values: ReadonlyMap<string, string>
  readonly operands: readonly string[]
  /** Set where the options are wrong: what the program says. */
  readonly wrong?: string
}

/** @param letters flags known; a letter followed by `:` takes a value */
export function getopt(args: readonly string[], letters: string): Parsed {
  const flags = new Set<string>()
  const values = new Map<string, string>()
  const operands: string[] = []
  for (let i = 0; i < args.length; i++) {
    const arg = args[i]
    if (arg === '--') {
      operands.push(...args.slice(i + 1))
      break
    }
    if (arg.startsWith('--')) return { flags, values, operands, wrong: `unrecognized option '${arg}'` }
    if (!arg.startsWith('-') || arg === '-') {
      operands.push(arg)
      continue
    }
    for (let at = 1; at < arg.length; at++) {
      const letter = arg[at]
      const known = letter === ':' ? -1 : letters.indexOf(letter)
      if (known < 0) return { flags, values, operands, wrong: `invalid option -- '${letter}'` }
      if (letters[known + 1] !== ':') {
        flags.add(letter)
        continue
      }
      const value = arg.slice(at + 1) || args[++i]
      if (value === undefined) {
        return { flags, values, operands, wrong: `option requires an argument -- '${letter}'` }
      }
      values.set(letter, value)
      break
    }
  }
  return { flags, values, operands }
}

/** A harm in one line, as verdicts, experiments and `replay` say it. */
import type { Counterexample } from '../../explorer/replay'

type Said = Pick<Counterexample, 'rule' | 'hazard' | 'property' | 'text' | 'entry'>

/** The property or rule, the hazard, and what it is. */
export function ruleText({ rule, hazard, property, text }: Omit<Said, 'entry'>): string {
  return `${[rule ?? property, ...(hazard === undefined ? [] : [hazard])].join(', ')}: ${text}`
}

/** The same with the entry it happens to. */
export function harmText(harm: Said): string {
  return `${ruleText(harm)}${harm.entry === undefined ? '' : `, at ${harm.entry}`}`
}

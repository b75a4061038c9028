/** The committed page against a fresh run of some of its sections; `npm run verdicts -- --check` takes all. */
import { readFileSync } from 'node:fs'
import { format, resolveConfig } from 'prettier'
import { describe, expect, it } from 'vitest'
import { SUBJECTS } from './cells'
import { compare, sectionOf, unexplained } from './document'
import { EXPLANATIONS, REFERENCE } from './reference'

const PATH = 'docs/vmemmap-verdicts.md'
const page = readFileSync(PATH, 'utf8')
const WANTED = ['S0', 'S4', 'S6', 'S7-rfc', 'split-nt', 'D1']
const sections = SUBJECTS.filter(({ name }) => WANTED.includes(name)).map(sectionOf)

describe('docs/vmemmap-verdicts.md', () => {
  it.each(sections.map((section) => [section.subject.name, section.text]))(
    'has the section of %s that a fresh run gives',
    async (_, text) => {
      const formatted = await format(text, { ...(await resolveConfig(PATH)), filepath: PATH })
      expect(page).toContain(`\n${formatted}`)
    }
  )

  it('has every sequence', () => {
    for (const { name } of SUBJECTS) expect(page).toContain(`\n### ${name}\n`)
  })

  it('agrees with the reference on every cell of these, or says why not', () => {
    const compared = compare(sections)
    expect(compared.length).toBeGreaterThan(150)
    expect(unexplained(compared)).toEqual([])
    expect(compared.filter(({ equal }) => !equal)).toEqual([])
  })

  it('explains only what differs, and every cell of the reference has its sequence', () => {
    const names = SUBJECTS.map(({ name }) => name)
    for (const { sequence } of [...REFERENCE, ...EXPLANATIONS]) expect(names).toContain(sequence)
    const lines = page.split('\n').filter((line) => line.includes('differs:'))
    expect(lines).toHaveLength(EXPLANATIONS.length)
  })
})

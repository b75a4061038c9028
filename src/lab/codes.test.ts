import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { LAB_CODES } from './codes'

const docs = readFileSync(join(process.cwd(), 'docs/errors.md'), 'utf8')

function sources(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(ts|js)$/.test(name) && !/\.test\.ts$/.test(name))
    .map((name) => readFileSync(join(folder, name), 'utf8'))
}

/** Codes as they stand in the source of the rooms that give them. */
const used = new Set(
  ['src/engine', 'src/lab', 'src/cli']
    .flatMap(sources)
    .flatMap((text) =>
      [
        ...text.matchAll(/(?:\bproblem|\bfail|\brefuse|EngineError|code:)\(?\s*'([A-Za-z]+(?:-[a-z]+)*)'/g)
      ].map((match) => match[1])
    )
)

describe('codes of messages', () => {
  it('are found in the sources at all', () => {
    expect(used).toContain('import-forbidden')
    expect(used).toContain('bad-record')
    expect(used).toContain('use-after-exit')
  })
  it.each([...used].sort())('%s is listed', (code) => {
    expect(LAB_CODES).toContain(code)
  })
  it.each([...LAB_CODES])('%s has a line in docs/errors.md', (code) => {
    expect(docs).toMatch(new RegExp(`^\\| \`${code}\` +\\| +\\S`, 'm'))
  })
  it('are each given somewhere', () => {
    const all = ['src/engine', 'src/lab', 'src/cli']
      .flatMap(sources)
      .filter((text) => !text.includes('LAB_CODES = ['))
      .join('\n')
    expect(LAB_CODES.filter((code) => !all.includes(`'${code}'`))).toEqual([])
  })
  it('have no line in the docs without being a code', () => {
    const documented = [...docs.matchAll(/^\| `([\w-]+)` +\|/gm)].map((match) => match[1])
    expect(documented.filter((code) => !(LAB_CODES as readonly string[]).includes(code))).toEqual([])
  })
})

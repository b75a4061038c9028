import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { RPC_CODES } from '../protocol/errors'

const docs = readFileSync(join(process.cwd(), 'docs/errors.md'), 'utf8')
const sources = ['src/host', 'src/simulator']
  .flatMap((folder) => readdirSync(folder).map((name) => join(folder, name)))
  .filter((path) => path.endsWith('.ts') && !path.endsWith('.test.ts'))
  .map((path) => readFileSync(path, 'utf8'))
  .join('\n')
const thrown = [...sources.matchAll(/(?:HostError|SimulatorError)\(\s*'([a-z-]+)'|code: '([a-z-]+)'/g)].map(
  (match) => match[1] ?? match[2]
)

it('codes are found in the sources at all', () => {
  expect(thrown).toEqual(expect.arrayContaining(['bad-id', 'too-many-runs', 'run-lost']))
})

it.each([...new Set([...thrown, ...Object.keys(RPC_CODES)])])('%s is explained in docs/errors.md', (code) => {
  expect(docs).toMatch(new RegExp(`^- .*\`${code}\`.*: \\S`, 'm'))
})

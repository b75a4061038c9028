import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { MAX_DRAFTS } from '../protocol/limits'
import { dataDir } from './data-dir'
import { Drafts } from './drafts'
import { removeFile, writeFileAtomic } from './files'
import { mayOpen } from './links'
import { Log } from './log'
import { loadState, saveState } from './state'
import { restoredBounds } from './window-bounds'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lab-host-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

describe('atomic writes', () => {
  it('keep the last of many at once, whole, and leave nothing else', async () => {
    const path = join(folder, 'deep', 'a.txt')
    const texts = Array.from({ length: 30 }, (_, n) => String(n).repeat(10_000))
    await Promise.all(texts.map((text) => writeFileAtomic(path, text)))
    expect(await readFile(path, 'utf8')).toBe(texts.at(-1))
    expect(await readdir(join(folder, 'deep'))).toEqual(['a.txt'])
  })

  it('that fail leave the old file and no temporary one', async () => {
    const path = join(folder, 'taken')
    await writeFileAtomic(join(path, 'inside'), 'x')
    await expect(writeFileAtomic(path, 'y')).rejects.toThrow()
    expect(await readdir(folder)).toEqual(['taken'])
    await writeFileAtomic(join(folder, 'next'), 'z')
    await removeFile(join(folder, 'next'))
    expect(await readdir(folder)).toEqual(['taken'])
  })
})

describe('the data folder', () => {
  it.each([
    ['linux', {}, '/home/u/.local/share/contpte-lab'],
    ['linux', { XDG_DATA_HOME: '/data' }, '/data/contpte-lab'],
    ['linux', { XDG_DATA_HOME: 'relative' }, '/home/u/.local/share/contpte-lab'],
    ['darwin', {}, '/home/u/Library/Application Support/contpte-lab'],
    ['linux', { CONTPTE_LAB_DATA: '/elsewhere', XDG_DATA_HOME: '/data' }, '/elsewhere']
  ] as const)('on %s with %j is %s', (platform, env, expected) => {
    expect(dataDir({ platform, env, home: '/home/u' })).toBe(expected)
  })
})

describe('state', () => {
  it('comes back as it was saved', async () => {
    const path = join(folder, 'state.json')
    expect(await loadState(path)).toEqual({ state: {} })
    await saveState(path, { theme: 'dark', layout: { panels: [1, 2] } })
    expect(await loadState(path)).toEqual({ state: { theme: 'dark', layout: { panels: [1, 2] } } })
  })

  it.each(['{"theme":', '[]', 'null', ''])('that is broken (%s) is kept aside and named', async (text) => {
    const path = join(folder, 'state.json')
    await writeFile(path, text)
    const { state, notice } = await loadState(path)
    expect(state).toEqual({})
    expect(notice).toContain('state.json.broken')
    expect(await readFile(`${path}.broken`, 'utf8')).toBe(text)
    expect(await loadState(path)).toEqual({ state: {} })
  })
})

describe('drafts', () => {
  const draft = (n: number) => ({
    id: `untitled:${n}`,
    text: `text ${n}`,
    caret: { line: 2, column: 3 },
    base: ''
  })

  it('come back one by one and go when discarded', async () => {
    const drafts = new Drafts(folder)
    await drafts.save(draft(1))
    await drafts.save(draft(2))
    await drafts.save({ ...draft(1), text: 'newer' })
    expect((await new Drafts(folder).load()).map(({ text }) => text).sort()).toEqual(['newer', 'text 2'])
    await drafts.discard('untitled:1')
    await drafts.discard('untitled:never')
    expect(await drafts.load()).toEqual([draft(2)])
  })

  it('that are broken hide no others and are kept', async () => {
    const drafts = new Drafts(folder)
    await drafts.save(draft(1))
    await writeFile(join(folder, 'x.json'), '{"id":')
    expect(await drafts.load()).toEqual([draft(1)])
    expect(await readdir(folder)).toContain('x.json.broken')
  })

  it('are limited in number, not in rewriting', async () => {
    const drafts = new Drafts(folder)
    await Promise.all(
      Array.from({ length: MAX_DRAFTS }, (_, n) =>
        writeFile(join(folder, `${n}.json`), JSON.stringify(draft(n)))
      )
    )
    await expect(drafts.save(draft(MAX_DRAFTS + 1))).rejects.toMatchObject({ code: 'too-many-drafts' })
  })
})

describe('the log', () => {
  it('keeps lines in memory and in a file, one JSON object a line', async () => {
    const log = new Log({ file: join(folder, 'log.jsonl'), timestamp: () => 'T' })
    log.add('info', 'host', 'one')
    log.add('error', 'simulator', 'two\nlines')
    await log.flush()
    expect(log.lines()).toEqual(['T info host: one', 'T error simulator: two\nlines'])
    const lines = (await readFile(join(folder, 'log.jsonl'), 'utf8')).trimEnd().split('\n')
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
      { time: 'T', level: 'info', scope: 'host', message: 'one' },
      { time: 'T', level: 'error', scope: 'simulator', message: 'two\nlines' }
    ])
  })

  it('that cannot be written ends nothing', async () => {
    const log = new Log({ file: join(folder, 'log.jsonl', 'below-a-file') })
    await writeFile(join(folder, 'log.jsonl'), '')
    log.add('info', 'host', 'one')
    await log.flush()
    expect(log.lines().length).toBe(1)
  })
})

describe('window bounds', () => {
  const screens = [{ x: 0, y: 0, width: 1920, height: 1080 }]
  it.each([
    ['on the screen', { x: 100, y: 50, width: 1200, height: 800 }, true],
    ['reaching out to the left but for 100 pixels', { x: -1100, y: 0, width: 1200, height: 800 }, true],
    ['outside', { x: 2500, y: 50, width: 1200, height: 800 }, false],
    ['with the title bar above the screen', { x: 100, y: -200, width: 1200, height: 800 }, false],
    ['below', { x: 100, y: 1075, width: 1200, height: 800 }, false],
    ['not numbers', { x: 'a', y: 0, width: 1, height: 1 }, false]
  ])('%s', async (_what, bounds, restored) => {
    const file = join(folder, 'window.json')
    await writeFile(file, JSON.stringify(bounds))
    expect(restoredBounds(file, screens)).toEqual(restored ? bounds : undefined)
  })
  it.each(['', 'null', '[1]'])('broken file %s', async (text) => {
    const file = join(folder, 'window.json')
    await writeFile(file, text)
    expect(restoredBounds(file, screens)).toBeUndefined()
  })
})

it.each([
  ['https://lore.kernel.org/all/x', true],
  ['http://lore.kernel.org/', false],
  ['https://lore.kernel.org.example.com/', false],
  ['https://example.com/', false],
  ['https://user:pass@lore.kernel.org/', false],
  ['file:///etc/passwd', false],
  ['smb://lore.kernel.org/x', false],
  ['javascript:alert(1)', false],
  ['not a url', false]
])('link %s may be opened: %s', (url, may) => {
  expect(mayOpen(url)).toBe(may)
})

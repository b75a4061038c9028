import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { scanHeader } from './header-scan'
import { Library } from './library'

describe('scanHeader', () => {
  it('finds the fields of a usual experiment', () => {
    expect(
      scanHeader(`
        // experiment({ title: 'a comment' })
        import { experiment } from 'contpte-lab'
        /* title: 'no' */
        export default experiment({
          title: 'Fork cost of folded blocks', // the title
          claim: "It's \\u0041 \\"claim\\"" +
            \` in two parts\`,
          'source': 'Ryan Roberts',
          parameters: { title: ['inner'], cpus: [1, (2)] },
          topic: 'Fork batching',
          run({ record }) { const title = 'no }' }
        })`)
    ).toEqual({
      title: 'Fork cost of folded blocks',
      claim: 'It\'s A "claim" in two parts',
      source: 'Ryan Roberts',
      topic: 'Fork batching'
    })
  })

  it('leaves out what is not plain strings, and goes on', () => {
    expect(
      scanHeader(
        'export default experiment<P>({ title: name, claim: `x ${1}`, source: "a" + b, topic: "t" })'
      )
    ).toEqual({})
    expect(scanHeader('export default experiment({ title: name + "x", topic: "t", run() {} })')).toEqual({
      topic: 't'
    })
  })

  it('takes methods and shorthand for what they are', () => {
    expect(scanHeader('experiment({ async run({ a }) { return ")" }, title, topic: "t" })')).toEqual({
      topic: 't'
    })
  })

  it.each(['', 'no experiment here', 'experiment({', 'experiment({ title: "open', 'experiment({ title:'])(
    'gives nothing for %j',
    (text) => expect(scanHeader(text)).toEqual({})
  )

  it('ends on any text', () => {
    const pieces = fc.constantFrom(
      'experiment({',
      'title:',
      '"a"',
      "'b'",
      '`c`',
      '${',
      '}',
      '{',
      '(',
      ')',
      ',',
      '+',
      '\\',
      '/*',
      '//',
      '\n',
      'x'
    )
    fc.assert(fc.property(fc.array(pieces), (parts) => void scanHeader(`experiment({ ${parts.join(' ')}`)))
  })
})

describe('Library', () => {
  let folder: string
  let library: Library
  const text = (title: string, topic = 'Fork') =>
    `export default experiment({ title: '${title}', topic: '${topic}', run() {} })`

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'lab-library-'))
    await mkdir(join(folder, 'examples'))
    await writeFile(join(folder, 'examples', 'fork-batching.ts'), text('Fork batching'))
    await writeFile(join(folder, 'examples', 'a.ts'), text('Another', 'Zap'))
    await writeFile(join(folder, 'examples', 'notes.txt'), 'no experiment')
    await mkdir(join(folder, 'examples', 'folder.ts'))
    await writeFile(join(folder, 'secret.ts'), 'secret')
    library = new Library({ examples: join(folder, 'examples'), yours: join(folder, 'data', 'experiments') })
  })
  afterEach(() => rm(folder, { recursive: true, force: true }))

  it('lists examples by topic and title, then the user own', async () => {
    await library.save('untitled:1', text('Mine'))
    expect(
      (await library.list()).map(({ id, title, topic, readOnly }) => [id, title, topic, readOnly])
    ).toEqual([
      ['examples/fork-batching.ts', 'Fork batching', 'Fork', true],
      ['examples/a.ts', 'Another', 'Zap', true],
      ['yours/mine.ts', 'Mine', 'Yours', false]
    ])
  })

  it('saves an example as a copy and the copy in place', async () => {
    const first = await library.save('examples/a.ts', 'one')
    expect(first).toMatchObject({ id: 'yours/a-copy.ts', readOnly: false })
    expect(await library.save('yours/a-copy.ts', 'two')).toMatchObject({ id: 'yours/a-copy.ts' })
    expect(await library.save('examples/a.ts', 'three')).toMatchObject({ id: 'yours/a-copy-2.ts' })
    expect((await library.read('yours/a-copy.ts')).text).toBe('two')
    expect(await readFile(join(folder, 'examples', 'a.ts'), 'utf8')).toBe(text('Another', 'Zap'))
  })

  it('never gives two experiments one name, also when saved at once', async () => {
    const saved = await Promise.all(Array.from({ length: 8 }, () => library.duplicate('examples/a.ts', 'x')))
    expect(new Set(saved.map(({ id }) => id)).size).toBe(8)
    expect(saved[0].id).toBe('yours/a-copy.ts')
  })

  it('names a new experiment like no example', async () => {
    expect(await library.save('untitled:1', text('Fork batching', 'Fork'))).toMatchObject({
      id: 'yours/fork-batching-2.ts'
    })
  })

  it('deletes only the user own', async () => {
    await library.save('yours/a.ts', 'x')
    await library.delete('yours/a.ts')
    await expect(library.delete('yours/a.ts')).rejects.toMatchObject({ code: 'not-found' })
    await expect(library.delete('examples/a.ts')).rejects.toMatchObject({ code: 'read-only' })
  })

  it.each([
    'secret.ts',
    'examples/../secret.ts',
    '../secret.ts',
    'yours/../../secret.ts',
    'yours/..\\..\\secret.ts',
    'yours//etc/passwd',
    'yours/.hidden.ts',
    'yours/a.ts/b.ts',
    'yours/a.js',
    'yours/a\0.ts',
    '__proto__/a.ts',
    '',
    'untitled:1'
  ])('refuses to read %j', async (id) => {
    await expect(library.read(id)).rejects.toMatchObject({ code: 'bad-id' })
  })
})

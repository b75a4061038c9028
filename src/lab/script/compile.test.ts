import { describe, expect, it } from 'vitest'
import fc from 'fast-check'
import { compileScript } from './compile'
import { nameColumn, positionAt, utf16Column } from './position'
import { experimentName, scriptFileName } from './file-name'

async function first(text: string): Promise<string> {
  const { diagnostics } = await compileScript('x.ts', text)
  const [found] = diagnostics
  return found ? `${found.line}:${found.column} ${found.code} ${found.message}` : 'none'
}

describe('compiling a script', () => {
  it('keeps every line and column', async () => {
    const text =
      'const a: number = 1\nfunction f<T>(x: T): T { return x! as T }\nexport default f<number>(a)\n'
    const { code } = await compileScript('x.ts', text)
    expect(code).toHaveLength(text.length)
    expect(code!.indexOf('export default')).toBe(text.indexOf('export default'))
  })
  it('names line 7 for a syntax error on line 7', async () => {
    expect(await first('\n\n\n\n\n\nconst a = ;\n')).toBe('7:11 syntax-error Expression expected')
  })
  it('counts columns as editors do', async () => {
    for (const inside of ['é→', '漢字', '𝒳', 'é', '🙂']) {
      const text = `\tconst s = "${inside}"; const a = ;\n`
      expect(await first(text)).toBe(`1:${text.lastIndexOf(';') + 1} syntax-error Expression expected`)
    }
  })
  it('refuses syntax that is more than types', async () => {
    expect(await first('enum A { x }\n')).toContain('1:1 unsupported-syntax')
  })
  it('refuses every other module, static and dynamic, and says where', async () => {
    expect(await first("import 'fs'\n")).toContain("1:8 import-forbidden cannot import 'fs'")
    expect(await first("const x = 1\nconst y = await import('node:net')\n")).toContain(
      '2:17 import-forbidden'
    )
    expect(await first("export * from './other'\n")).toContain('1:15 import-forbidden')
    expect(await first("import { experiment } from 'contpte-lab'\nexport default experiment\n")).toBe('none')
  })
  it('refuses a script that is too large', async () => {
    expect(await first('x'.repeat(1024 * 1024 + 1))).toContain('script-too-large')
  })
  it('answers any text with code or with a located message', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'grapheme', maxLength: 60 }), async (text) => {
        const { code, diagnostics } = await compileScript('x.ts', text)
        for (const found of diagnostics) expect(found.line).toBeGreaterThan(0)
        expect(code === undefined).toBe(diagnostics.length > 0)
      }),
      { numRuns: 200 }
    )
  })
})

describe('positions', () => {
  it('are 1-based', () => {
    expect(positionAt('ab\ncd', 0)).toEqual({ line: 1, column: 1 })
    expect(positionAt('ab\ncd', 3)).toEqual({ line: 2, column: 1 })
    expect(positionAt('ab\ncd', 5)).toEqual({ line: 2, column: 3 })
  })
  it('turn code points into UTF-16 units', () => {
    expect(utf16Column('a𝒳b', 1)).toBe(1)
    expect(utf16Column('a𝒳b', 3)).toBe(4)
    expect(utf16Column('ab', 5)).toBe(5)
  })
  it('move from the parenthesis to the name', () => {
    expect(nameColumn('  expect(x).toBe(1)', 17)).toBe(13)
    expect(nameColumn('  throw new TypeError(1)', 22)).toBe(9)
    expect(nameColumn('(1)', 1)).toBe(1)
    expect(nameColumn('null.foo', 5)).toBe(6)
  })
})

describe('names of script files', () => {
  it('have no folder', () => {
    expect(scriptFileName('/home/me/fork.ts')).toBe('fork.ts')
    expect(scriptFileName('C:\\me\\fork.ts')).toBe('fork.ts')
    expect(experimentName('fork.ts')).toBe('fork')
  })
  it.each(['fork.js', '.ts', 'a:b.ts', 'a\nb.ts', '.hidden.ts', `${'x'.repeat(300)}.ts`])(
    'refuse %j',
    (name) => {
      expect(() => scriptFileName(name)).toThrow('cannot be the name of an experiment')
    }
  )
})

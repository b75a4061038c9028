import { describe, expect, it } from 'vitest'
import { kernelNames } from '../../engine/kernel'
import { typeCheck } from './type-check'

const around = (body: string): string =>
  `import { experiment } from 'contpte-lab'\nexport default experiment({ title: 't', run({ machine, expect, record }) {\n${body}\n} })\n`

function first(text: string): string {
  const [found] = typeCheck('x.ts', text)
  return found ? `${found.file}:${found.line}:${found.column} ${found.code} ${found.message}` : 'none'
}

describe('the type check of a script', () => {
  it('accepts a right script', () => {
    expect(
      typeCheck('x.ts', around("const m = machine({ kernel: 'contpte-v2' }); record('pid', m.spawn().pid)"))
    ).toEqual([])
  })
  it('names the place of a wrong type', () => {
    expect(first(around("record('a', 'b')"))).toBe(
      "x.ts:3:13 type-error Argument of type 'string' is not assignable to parameter of type 'number'. (TS2345)"
    )
  })
  it('says why a name of other hosts is not there', () => {
    expect(first(around("fetch('http://example.com')"))).toBe(
      "x.ts:3:1 not-available 'fetch' is not available: experiments have no network"
    )
    expect(first(around('console.log(process.env)'))).toContain('not-available')
    expect(first(around('document.title'))).toContain('experiments have no window')
  })
  it('names the kernel that does not exist', () => {
    expect(first(around("machine({ kernel: 'linux-9.9' })"))).toBe(
      "x.ts:3:11 unknown-kernel unknown kernel 'linux-9.9'"
    )
    expect(typeCheck('x.ts', around("machine({ kernel: 'linux-9.9' })"))[0].hint).toBe(
      `Kernels: ${kernelNames()
        .map((name) => `'${name}'`)
        .join(', ')}.`
    )
  })
  it('refuses a type-only import of another module', () => {
    expect(first("import type { Stats } from 'fs'\nexport default 1\n")).toContain('import-forbidden')
  })
  it('forbids syntax that is more than types', () => {
    expect(first('enum A { x }\nexport default A.x\n')).toContain('x.ts:1:')
  })
  it('forgets the script before', () => {
    expect(first(around('const left = 1; left'))).toBe('none')
    expect(first(around('left'))).toContain("Cannot find name 'left'")
  })
})

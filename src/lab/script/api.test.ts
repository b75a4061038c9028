/** The API's types are written by hand: here they are held to what the engine and the laboratory really have. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { CPU_MODELS } from '../../engine/arch/cpu'
import { GEOMETRIES } from '../../engine/arch/granule'
import { SEQUENCE_NAMES } from '../../engine/hugetlb/sequences'
import { kernelNames } from '../../engine/kernel'
import { ADVICE } from '../../engine/region'
import { COUNTER_DOCS, COUNTER_NAMES } from '../../engine/trace/counters'
import { costProfileNames } from '../sandbox/profiles'
import { typeCheck } from './type-check'

const FILES = ['contpte-lab', 'machine', 'agents', 'huge-pages', 'models']
const api = FILES.map((name) => readFileSync(join(process.cwd(), `resources/api/${name}.d.ts`), 'utf8')).join(
  ''
)

const quoted = (text: string): string[] => [...text.matchAll(/'([^']+)'/g)].map((match) => match[1])
const after = (start: string, end: string): string => {
  const from = api.indexOf(start)
  return api.slice(from, api.indexOf(end, from))
}

describe("the API's types", () => {
  it('name every kernel, profile and counter there is', () => {
    expect(quoted(after('export type KernelName =', '\n\n'))).toEqual(kernelNames())
    expect(quoted(after('cost?:', '\n'))).toEqual(costProfileNames())
    const counters = after('export interface Counters', '\n  }')
    expect([...counters.matchAll(/readonly (\w+): number/g)].map((match) => match[1])).toEqual([
      ...COUNTER_NAMES
    ])
    for (const text of Object.values(COUNTER_DOCS)) expect(counters).toContain(`/** ${text} */`)
  })
  it('name every granule, CPU model and advice there is', () => {
    expect(quoted(after('granule?:', '\n'))).toEqual(Object.keys(GEOMETRIES))
    expect(quoted(after('export type CpuModel', '\n'))).toEqual(Object.keys(CPU_MODELS))
    const advice = api.slice(api.indexOf('export type Advice ='))
    expect(quoted(advice.slice(0, advice.indexOf('\n\n')))).toEqual(ADVICE)
  })
  it('name every sequence there is', () => {
    expect(quoted(after('export type SequenceName =', '\n\n'))).toEqual([...SEQUENCE_NAMES])
  })
  it('give a parameter the type of its values', () => {
    const script = (line: string): string =>
      `import { experiment } from 'contpte-lab'\nexport default experiment({ title: 't', parameters: { cpus: [1, 8], kernel: ['contpte-v2'] }, run({ parameters, machine }) {\n${line}\n} })\n`
    expect(
      typeCheck('x.ts', script('machine({ kernel: parameters.kernel, cpus: parameters.cpus })'))
    ).toEqual([])
    expect(typeCheck('x.ts', script('const n: 1 | 8 = parameters.cpus; void n'))).toEqual([])
    expect(typeCheck('x.ts', script('parameters.nope'))).toMatchObject([
      { code: 'type-error', line: 3, column: 12 }
    ])
    expect(typeCheck('x.ts', script('parameters.cpus = 3'))).toMatchObject([{ code: 'type-error', line: 3 }])
  })
})

import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { cruise, type ICruiseResult } from 'dependency-cruiser'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import config from '../.dependency-cruiser.cjs'

const repository = fileURLToPath(new URL('..', import.meta.url))

/** A house in miniature: each file is what somebody might write, some of them in the wrong room. */
const FILES: Record<string, string> = {
  'package.json':
    '{ "type": "module", "dependencies": { "vue": "*", "fflate": "*", "ws": "*" }, "devDependencies": { "vitest": "*" } }',
  'tsconfig.base.json':
    '{ "compilerOptions": { "module": "ESNext", "moduleResolution": "bundler", "target": "ES2023" } }',
  'src/engine/pte.ts': 'export const pte = 1\nexport interface Pte { readonly pfn: number }',
  'src/engine/good.ts': "import { pte } from './pte'\nexport const good = pte",
  'src/engine/type-only.ts': "import type { Run } from '../lab/run'\nexport type Upwards = Run",
  'src/engine/node.ts': "import { readFileSync } from 'node:fs'\nexport const read = readFileSync",
  'src/engine/npm.ts': "import { zipSync } from 'fflate'\nexport const zip = zipSync",
  'src/engine/upwards.test.ts': "import { run } from '../lab/run'\nexport const seen = run",
  'src/engine/good.test.ts':
    "import { it } from 'vitest'\nimport { good } from './good'\nit('is', () => void good)",
  'src/engine/cycle-a.ts': "import { b } from './cycle-b'\nexport const a = () => b",
  'src/engine/cycle-b.ts': "import { a } from './cycle-a'\nexport const b = () => a",
  'src/engine/machine.ts':
    "import { Process } from './process'\nexport class Machine { spawn() { return new Process(this) } }",
  'src/engine/process.ts':
    "import type { Machine } from './machine'\nexport class Process { constructor(readonly machine: Machine) {} }",
  'src/engine/lost.ts': "import { gone } from './gone'\nexport const lost = gone",
  'src/explorer/world.ts': "import { pte } from '../engine/pte'\nexport const world = pte",
  'src/explorer/upwards.ts': "import { run } from '../lab/run'\nexport const seen = run",
  'src/lab/results/types.ts': 'export interface Row { readonly value: number }',
  'src/lab/run.ts':
    "import { pte } from '../engine/pte'\nexport const run = pte\nexport interface Run { id: string }",
  'src/lab/upwards.ts': "import { serve } from '../server/serve'\nexport const up = serve",
  'src/lab/vue.ts': "import { ref } from 'vue'\nexport const r = ref",
  'src/protocol/services.ts':
    "import type { Row } from '../lab/results/types'\nexport type Rows = readonly Row[]",
  'src/protocol/deep.ts': "import { run } from '../lab/run'\nexport const deep = run",
  'src/host/library.ts': "import { run } from '../lab/run'\nexport const library = run",
  'src/server/serve.ts': "import { library } from '../host/library'\nexport const serve = library",
  'src/main/logic.ts': "import { run } from '../lab/run'\nexport const logic = run",
  'src/renderer/good.ts': "import type { Rows } from '../protocol/services'\nexport type Table = Rows",
  'src/renderer/deep.ts': "import type { Pte } from '../engine/pte'\nexport type Deep = Pte",
  'src/renderer/lab.ts': "import { run } from '../lab/run'\nexport const r = run",
  'src/renderer/Panel.vue':
    '<script setup lang="ts">\nimport { pte } from \'../engine/pte\'\n</script>\n<template>{{ pte }}</template>',
  'src/renderer/node.ts': "import { join } from 'node:path'\nexport const j = join",
  'src/attic/old.ts': "import { pte } from '../engine/pte'\nexport const old = pte"
}

let house: string
let violations: string[]

beforeAll(async () => {
  house = mkdtempSync(join(tmpdir(), 'contpte-lab-layers-'))
  for (const [path, text] of Object.entries(FILES)) {
    mkdirSync(dirname(join(house, path)), { recursive: true })
    writeFileSync(join(house, path), text)
  }
  symlinkSync(join(repository, 'node_modules'), join(house, 'node_modules'))
  const { options = {}, ...ruleSet } = config
  const { output } = await cruise(
    ['src'],
    { ...options, ruleSet, validate: true, baseDir: house, tsConfig: undefined },
    options.enhancedResolveOptions
  )
  violations = (output as ICruiseResult).summary.violations.map(({ rule, from }) => `${rule.name} ${from}`)
})

afterAll(() => rmSync(house, { recursive: true, force: true }))

describe('the rules of the floors', () => {
  const seeded = [
    'floor-0-engine src/engine/type-only.ts',
    'floor-0-engine-no-node src/engine/node.ts',
    'floor-0-engine src/engine/npm.ts',
    'floor-0-engine-tests src/engine/upwards.test.ts',
    'no-cycle src/engine/cycle-a.ts',
    'resolvable src/engine/lost.ts',
    'floor-1-explorer src/explorer/upwards.ts',
    'floor-2-lab src/lab/upwards.ts',
    'floor-2-lab src/lab/vue.ts',
    'floor-2-protocol src/protocol/deep.ts',
    'floor-4-main src/main/logic.ts',
    'floor-4-renderer src/renderer/deep.ts',
    'floor-4-renderer src/renderer/lab.ts',
    'floor-4-renderer src/renderer/Panel.vue',
    'floor-4-renderer-no-node src/renderer/node.ts',
    'known-room src/attic/old.ts'
  ]
  it.each(seeded)('finds %s', (violation) => expect(violations).toContain(violation))

  it('lets the right imports pass', () => {
    const innocent = ['good', 'world', 'run.ts', 'services.ts', 'library', 'serve.ts', 'machine', 'process']
    expect(violations.filter((line) => innocent.some((name) => line.includes(`/${name}`)))).toEqual([])
  })
})

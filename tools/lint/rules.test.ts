import { Linter, RuleTester } from 'eslint'
import { describe, expect, it } from 'vitest'
import { deterministic } from './deterministic.mjs'
import { hot } from './hot.mjs'
import { noSkippedTests } from './no-skipped-tests.mjs'
import { noSleep } from './no-sleep.mjs'

RuleTester.describe = describe
RuleTester.it = it

const tester = new RuleTester({ languageOptions: { ecmaVersion: 2023, sourceType: 'module' } })

tester.run('deterministic', deterministic, {
  valid: [
    'export const half = Math.floor(7 / 2)',
    'values.sort((a, b) => a - b)',
    'const performance = machine.cost\nperformance.of(read)',
    'function f(Date) { return Date.year }',
    'for (const key of Object.keys(record)) use(key)',
    { code: 'new Date(1980, 0, 1)', options: [{ clockOnly: true }] },
    { code: 'names.sort()', options: [{ clockOnly: true }] }
  ],
  invalid: [
    { code: 'Math.random()', errors: [{ messageId: 'random' }] },
    { code: 'const t = Date.now()', errors: [{ messageId: 'global' }] },
    { code: 'const t = new Date()', errors: [{ messageId: 'global' }] },
    { code: 'performance.now()', errors: [{ messageId: 'global' }] },
    { code: 'globalThis.performance', errors: [{ messageId: 'global' }] },
    { code: 'crypto.getRandomValues(bytes)', errors: [{ messageId: 'global' }] },
    { code: 'setTimeout(step, 1)', errors: [{ messageId: 'global' }] },
    { code: 'new WeakRef(folio)', errors: [{ messageId: 'global' }] },
    { code: 'for (const name in record) use(name)', errors: [{ messageId: 'forIn' }] },
    { code: 'pfns.sort()', errors: [{ messageId: 'sort' }] },
    { code: 'a.localeCompare(b)', errors: [{ messageId: 'locale' }] },
    { code: 'Date.now()', options: [{ clockOnly: true }], errors: [{ messageId: 'now' }] },
    { code: 'new Date()', options: [{ clockOnly: true }], errors: [{ messageId: 'now' }] },
    { code: 'Math.random()', options: [{ clockOnly: true }], errors: [{ messageId: 'random' }] }
  ]
})

tester.run('no-skipped-tests', noSkippedTests, {
  valid: [
    "test('a', run)",
    'testInfo.skip(!binary, reason)',
    'tokens.skip(2)',
    "test.each(table)('a', run)",
    'view.only'
  ],
  invalid: [
    { code: "test.skip('a', run)", errors: [{ messageId: 'modifier' }] },
    { code: "it.only('a', run)", errors: [{ messageId: 'modifier' }] },
    { code: "describe.skip('a', run)", errors: [{ messageId: 'modifier' }] },
    { code: "test.describe.only('a', run)", errors: [{ messageId: 'modifier' }] },
    { code: "test.concurrent.skip('a', run)", errors: [{ messageId: 'modifier' }] },
    { code: "test.fixme('a', run)", errors: [{ messageId: 'modifier' }] },
    { code: "xit('a', run)", errors: [{ messageId: 'modifier' }] }
  ]
})

tester.run('no-sleep', noSleep, {
  valid: [
    'await expect.poll(read).toBe(1)',
    'setTimeout(() => reject(new Error("too slow")), 1000)',
    "await page.waitForLoadState('load')"
  ],
  invalid: [
    { code: 'await page.waitForTimeout(100)', errors: [{ messageId: 'wait' }] },
    { code: 'await new Promise((resolve) => setTimeout(resolve, 5))', errors: [{ messageId: 'wait' }] },
    { code: "import { setTimeout as delay } from 'node:timers/promises'", errors: [{ messageId: 'wait' }] },
    { code: "await page.waitForLoadState('networkidle')", errors: [{ messageId: 'idle' }] }
  ]
})

const HEAD = '/**\n * Copies entries.\n * @hot\n */\n'
tester.run('hot', hot, {
  valid: [
    `${HEAD}const masks = [1, 2]\nexport function copy(from, to) { for (let i = 0; i < 9; i++) to[i] = from[i] }`,
    `${HEAD}class Tables { constructor() { this.lanes = [new Uint32Array(9)] } }`,
    'export function cold() { return { a: 1 } }',
    '/** Mentions @hot in passing. */\nexport function cold() { return { a: 1 } }'
  ],
  invalid: [
    { code: `${HEAD}function f(i) { return { i } }`, errors: [{ messageId: 'allocation' }] },
    { code: `${HEAD}function f(i) { return [i] }`, errors: [{ messageId: 'allocation' }] },
    { code: `${HEAD}function f(a) { a.forEach((x) => x) }`, errors: [{ messageId: 'allocation' }] }
  ]
})

describe('the configuration', () => {
  it('does not listen to comments that switch rules off', async () => {
    const { default: config } = await import('../../eslint.config.js')
    const messages = new Linter().verify('/* eslint-disable */\nvar a = 1', [...config], 'tools/seeded.mjs')
    expect(messages.map(({ ruleId }) => ruleId)).toContain('no-var')
  })

  it('watches the engine for ambient time and tests for skipping', async () => {
    const { default: config } = await import('../../eslint.config.js')
    const linter = new Linter()
    const rules = (file: string, text: string) =>
      linter.verify(text, [...config], file).map(({ ruleId }) => ruleId)
    expect(rules('src/engine/mm/seeded.ts', 'export const at = Date.now()')).toContain('house/deterministic')
    expect(rules('src/engine/mm/seeded.test.ts', "it.only('a', () => {})")).toContain(
      'house/no-skipped-tests'
    )
    expect(rules('src/engine/mm/seeded.ts', 'export const a = 1 as any')).toContain(
      '@typescript-eslint/no-explicit-any'
    )
    expect(rules('src/engine/mm/seeded.ts', '// ' + 'TO' + 'DO later')).toContain('no-warning-comments')
  })
})

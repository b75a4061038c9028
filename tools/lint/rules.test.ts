import { fileURLToPath } from 'node:url'
import { ESLint, RuleTester } from 'eslint'
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
  // With CI=true typescript-eslint reads each file from disk, once, instead of the text it is given.
  process.env.TSESTREE_SINGLE_RUN = 'false'
  const eslint = new ESLint({ cwd: fileURLToPath(new URL('../..', import.meta.url)) })
  /** Rules that a text breaks in the place of a file that exists. */
  const rules = async (filePath: string, text: string) => {
    const [{ messages }] = await eslint.lintText(text, { filePath })
    return messages.map(({ ruleId }) => ruleId)
  }

  it('does not listen to comments that switch rules off', async () => {
    expect(await rules('tools/build.mjs', '/* eslint-disable */\nvar a = 1')).toContain('no-var')
  })

  it('watches the engine for ambient time, numbers sorted as text and casts', async () => {
    const file = 'src/engine/error.ts'
    expect(await rules(file, 'export const at = Date.now()')).toContain('house/deterministic')
    expect(await rules(file, 'export const a = [2, 10].sort()')).toContain(
      '@typescript-eslint/require-array-sort-compare'
    )
    expect(await rules(file, 'export const a = 1 as any')).toContain('@typescript-eslint/no-explicit-any')
    expect(await rules(file, '// ' + 'TO' + 'DO later')).toContain('no-warning-comments')
  })

  it('watches tests for skipping and sleeping', async () => {
    expect(await rules('tools/layers.test.ts', "it.only('a', () => {})")).toContain('house/no-skipped-tests')
    expect(await rules('e2e/run.spec.ts', 'await page.waitForTimeout(5)')).toContain('house/no-sleep')
  })
})

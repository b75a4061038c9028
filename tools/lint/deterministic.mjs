/**
 * Floors 0 and 1 give the same bytes everywhere: no clock, no ambient randomness, nothing that reads
 * the machine, its locale or its scheduler, and no iteration whose order nobody promised.
 */

/** Globals that are never deterministic, with what to use instead. */
const GLOBALS = new Map([
  ['Date', 'simulated time comes from the cost model'],
  ['performance', 'simulated time comes from the cost model'],
  ['crypto', 'randomness is seeded: pass a generator'],
  ['Intl', 'locales differ between machines'],
  ['WeakRef', 'garbage collection is not reproducible'],
  ['FinalizationRegistry', 'garbage collection is not reproducible'],
  ['setTimeout', 'the engine has no event loop'],
  ['setInterval', 'the engine has no event loop'],
  ['setImmediate', 'the engine has no event loop'],
  ['queueMicrotask', 'the engine has no event loop'],
  ['process', 'the engine knows no host'],
  ['globalThis', 'the engine knows no host']
])

/** Methods whose result depends on the locale of the machine. */
const LOCALE = new Set(['toLocaleString', 'toLocaleUpperCase', 'toLocaleLowerCase', 'localeCompare'])

/** @type {import('eslint').Rule.RuleModule} */
export const deterministic = {
  meta: {
    type: 'problem',
    schema: [{ type: 'object', properties: { clockOnly: { type: 'boolean' } }, additionalProperties: false }],
    messages: {
      global: '{{name}} is not deterministic: {{instead}}.',
      random: 'Math.random is not reproducible: randomness is seeded, pass a generator.',
      now: 'The present time is not part of a result: take the clock from the caller.',
      forIn:
        'for...in visits inherited names in an order that is not the array order: use for...of over keys.',
      locale: '{{name}} depends on the locale of the machine: compare code units.'
    }
  },
  create(context) {
    const clockOnly = context.options[0]?.clockOnly === true
    /** @param {import('estree').Identifier} node @returns {boolean} */
    const isGlobal = (node) => {
      let scope = context.sourceCode.getScope(node)
      for (;;) {
        const variable = scope.set.get(node.name)
        if (variable) return variable.defs.length === 0
        if (!scope.upper) return true
        scope = scope.upper
      }
    }
    return {
      MemberExpression(node) {
        if (node.property.type !== 'Identifier' || node.computed) return
        const { name } = node.property
        const object = node.object.type === 'Identifier' ? node.object : undefined
        if (object?.name === 'Math' && name === 'random') context.report({ node, messageId: 'random' })
        if (clockOnly && object?.name === 'Date' && name === 'now' && isGlobal(object))
          context.report({ node, messageId: 'now' })
        if (!clockOnly && LOCALE.has(name)) context.report({ node, messageId: 'locale', data: { name } })
      },
      NewExpression(node) {
        const made = node.callee
        if (clockOnly && made.type === 'Identifier' && made.name === 'Date' && node.arguments.length === 0)
          context.report({ node, messageId: 'now' })
      },
      ForInStatement(node) {
        if (!clockOnly) context.report({ node, messageId: 'forIn' })
      },
      'Program:exit'(program) {
        if (clockOnly) return
        const globalScope = context.sourceCode.getScope(program)
        const references = [
          ...globalScope.through,
          ...globalScope.variables
            .filter(({ defs }) => defs.length === 0)
            .flatMap(({ references }) => references)
        ]
        for (const { identifier } of references) {
          const { name } = identifier
          const instead = GLOBALS.get(name)
          if (instead) context.report({ node: identifier, messageId: 'global', data: { name, instead } })
        }
      }
    }
  }
}

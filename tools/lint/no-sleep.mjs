/**
 * Tests wait for conditions, never for time: a sleep is either too short on a slow machine or too
 * long on every other one.
 */

/** @type {import('eslint').Rule.RuleModule} */
export const noSleep = {
  meta: {
    type: 'problem',
    schema: [],
    messages: {
      wait: '{{name}} waits for time: wait for a condition (expect.poll, a locator, lab.idle()).',
      idle: "'networkidle' waits for silence: wait for a condition of the app."
    }
  },
  create(context) {
    /** @param {import('estree').Node} node @param {string} name */
    const report = (node, name) => context.report({ node, messageId: 'wait', data: { name } })
    return {
      MemberExpression(node) {
        if (node.property.type === 'Identifier' && node.property.name === 'waitForTimeout')
          report(node, 'waitForTimeout')
      },
      CallExpression(node) {
        // A timer that resolves a promise is a sleep; one that rejects is a deadline, and welcome.
        if (node.callee.type !== 'Identifier' || node.callee.name !== 'setTimeout') return
        const [body] = node.arguments
        if (body?.type === 'Identifier' && /^(r|res|resolve|done|ok)$/.test(body.name))
          report(node, 'setTimeout')
      },
      ImportDeclaration(node) {
        if (node.source.value === 'node:timers/promises' || node.source.value === 'timers/promises')
          report(node, 'timers/promises')
      },
      Literal(node) {
        if (node.value === 'networkidle') context.report({ node, messageId: 'idle' })
      }
    }
  }
}

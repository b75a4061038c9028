/**
 * A test that is switched off proves nothing, and one that is singled out hides the others. What a
 * machine cannot run is skipped in one place with its reason (`testInfo.skip(condition, reason)`).
 */

const RUNNERS = new Set(['test', 'it', 'describe', 'suite', 'bench'])
const MODIFIERS = new Set(['skip', 'only', 'fixme', 'todo', 'skipIf', 'runIf', 'fails'])
const ALIASES = new Set(['xit', 'xtest', 'xdescribe', 'fdescribe'])

/** @param {import('estree').Node} node @returns {string | undefined} the name a member chain starts with */
function rootName(node) {
  if (node.type === 'Identifier') return node.name
  if (node.type === 'MemberExpression') return rootName(node.object)
  if (node.type === 'CallExpression') return rootName(node.callee)
  return undefined
}

/** @type {import('eslint').Rule.RuleModule} */
export const noSkippedTests = {
  meta: {
    type: 'problem',
    schema: [],
    messages: { modifier: '{{name}} switches tests off: mend the test or remove it.' }
  },
  create(context) {
    return {
      MemberExpression(node) {
        if (node.property.type !== 'Identifier' || !MODIFIERS.has(node.property.name)) return
        const root = rootName(node.object)
        if (root && RUNNERS.has(root))
          context.report({ node, messageId: 'modifier', data: { name: `${root}.${node.property.name}` } })
      },
      CallExpression(node) {
        if (node.callee.type === 'Identifier' && ALIASES.has(node.callee.name))
          context.report({ node, messageId: 'modifier', data: { name: node.callee.name } })
      }
    }
  }
}

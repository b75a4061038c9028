/**
 * A file whose head comment has a line beginning with the tag `@hot` allocates nothing inside its functions: its loops run once
 * for each of 262,144 entries, and garbage there is what makes them slow. Constructors are exempt:
 * they run once.
 */

/** @type {import('eslint').Rule.RuleModule} */
export const hot = {
  meta: {
    type: 'problem',
    schema: [],
    messages: { allocation: '{{what}} allocates in a file marked @hot: keep state in typed arrays.' }
  },
  create(context) {
    const [head] = context.sourceCode.getAllComments()
    if (!head || !/^\s*(\*\s*)?@hot\b/m.test(head.value) || head.loc?.start.line !== 1) return {}
    /** @type {boolean[]} whether each enclosing function must not allocate */
    const functions = []
    /** @param {any} node */
    const enter = (node) => {
      if (functions.at(-1)) context.report({ node, messageId: 'allocation', data: { what: 'A closure' } })
      functions.push(node.parent?.kind !== 'constructor')
    }
    const leave = () => void functions.pop()
    /** @param {string} what @returns {(node: import('estree').Node) => void} */
    const forbid = (what) => (node) => {
      if (functions.at(-1)) context.report({ node, messageId: 'allocation', data: { what } })
    }
    return {
      FunctionDeclaration: enter,
      FunctionExpression: enter,
      ArrowFunctionExpression: enter,
      'FunctionDeclaration:exit': leave,
      'FunctionExpression:exit': leave,
      'ArrowFunctionExpression:exit': leave,
      ObjectExpression: forbid('An object literal'),
      ArrayExpression: forbid('An array literal'),
      SpreadElement: forbid('A spread')
    }
  }
}

/**
 * Runs inside the interpreter: the door to the host. Host functions answer `undefined` when they
 * refuse; the error is made here, so that its stack leads to the user's own line.
 */
const bridge = globalThis['contpte-lab:bridge']
delete globalThis['contpte-lab:bridge']

const { parse } = JSON
const apply = Reflect.apply
const ErrorClass = Error
const trusted = new WeakMap()
const { get, set } = WeakMap.prototype

export const host = bridge
export const counterNames = parse(bridge.counterNames())

/** An error with a code that the host believes: scripts cannot make one that looks like ours. */
export function fail(code, message) {
  const error = new ErrorClass(message)
  error.code = code
  apply(set, trusted, [error, code])
  return error
}

/** The code of an error made by `fail`. */
export function codeOf(error) {
  return typeof error === 'object' && error !== null ? apply(get, trusted, [error]) : undefined
}

/** The host's answer, or its refusal as an error. */
export function ask(answer) {
  if (answer !== undefined) return answer
  const { code, message } = parse(bridge.refusal())
  throw fail(code, message)
}

/** Where the script is: parsed by the host, which knows the user's file. */
export function here() {
  return new ErrorClass().stack
}

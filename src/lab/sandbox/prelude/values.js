/**
 * Runs inside the interpreter, before the user's script: values as short stable text, and equality of
 * structure. The builtins used are taken now, so that a script that changes them changes only itself.
 */
const { stringify } = JSON
const { isArray } = Array
const { is, keys, getPrototypeOf, prototype: objectPrototype } = Object
const text = String
const SetClass = Set
const MapClass = Map
const ErrorClass = Error
const TypedArray = getPrototypeOf(Uint8Array)

const MAX_CHARS = 200
const MAX_DEPTH = 4
const MAX_ITEMS = 20

function cut(long) {
  return long.length <= MAX_CHARS ? long : `${long.slice(0, MAX_CHARS - 1)}…`
}

function number(value) {
  return is(value, -0) ? '-0' : text(value)
}

function list(open, close, items, count) {
  const shown = items.slice(0, MAX_ITEMS)
  if (count > MAX_ITEMS) shown.push(`… ${count - MAX_ITEMS} more`)
  return `${open}${shown.join(', ')}${close}`
}

function named(value) {
  const constructor = getPrototypeOf(value)?.constructor
  return typeof constructor === 'function' && constructor.name !== 'Object' ? `${constructor.name} ` : ''
}

function inner(value, depth, parents) {
  if (typeof value === 'string') return stringify(value)
  if (typeof value === 'number') return number(value)
  if (typeof value === 'bigint') return `${text(value)}n`
  if (typeof value === 'function') return `[function ${value.name || 'anonymous'}]`
  if (typeof value !== 'object' || value === null) return text(value)
  if (parents.includes(value)) return '[circular]'
  if (value instanceof ErrorClass) return `${value.name}: ${value.message}`
  if (depth >= MAX_DEPTH) return isArray(value) ? '[…]' : `${named(value)}{…}`
  const below = [...parents, value]
  const show = (item) => inner(item, depth + 1, below)
  if (isArray(value) || value instanceof TypedArray) {
    const items = []
    for (let index = 0; index < value.length && index < MAX_ITEMS; index++) items.push(show(value[index]))
    return list(`${isArray(value) ? '' : named(value)}[`, ']', items, value.length)
  }
  if (value instanceof MapClass) {
    return list(
      'Map {',
      '}',
      [...value].map(([key, item]) => `${show(key)} => ${show(item)}`),
      value.size
    )
  }
  if (value instanceof SetClass) return list('Set {', '}', [...value].map(show), value.size)
  const names = keys(value)
  const shown = names.slice(0, MAX_ITEMS).map((name) => {
    const key = /^[A-Za-z_$][\w$]*$/.test(name) ? name : stringify(name)
    return `${key}: ${show(value[name])}`
  })
  return list(`${named(value)}{`, '}', shown, names.length)
}

/** A value as at most 200 characters of text. */
export function render(value) {
  return cut(inner(value, 0, []))
}

/** What `console.log` prints of one value: strings as they are. */
export function printed(value) {
  if (typeof value === 'string') return value
  if (value instanceof ErrorClass && typeof value.stack === 'string') {
    return `${value.name}: ${value.message}\n${value.stack}`.trimEnd()
  }
  return inner(value, 0, [])
}

/** Whether two values have the same structure: own enumerable properties, elements, prototypes. */
export function equal(a, b, pairs = []) {
  if (is(a, b)) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  if (pairs.some(([left, right]) => left === a && right === b)) return true
  const plain = (value) => getPrototypeOf(value) ?? objectPrototype
  if (plain(a) !== plain(b)) return false
  const below = [...pairs, [a, b]]
  if (a instanceof MapClass) {
    return a.size === b.size && [...a].every(([key, item]) => b.has(key) && equal(item, b.get(key), below))
  }
  if (a instanceof SetClass) return a.size === b.size && [...a].every((item) => b.has(item))
  const names = keys(a)
  return names.length === keys(b).length && names.every((name) => name in b && equal(a[name], b[name], below))
}

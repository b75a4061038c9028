/**
 * Runs inside the interpreter: `experiment`, the contexts of `run` and `conclude`, `console`, and what
 * scripts must not have. `hooks` are what the host calls.
 */
import { ask, codeOf, fail, here, host } from 'contpte-lab:host'
import { machine } from 'contpte-lab:machine'
import { equal, printed, render } from 'contpte-lab:values'

const { parse, stringify } = JSON
const { freeze, is } = Object
const { isFinite } = Number
const { abs } = Math
const ErrorClass = Error
const experiments = new WeakSet()
const models = new WeakSet()

// ---------------------------------------------------------------- what scripts do not have

delete globalThis.Atomics
delete globalThis.SharedArrayBuffer
Math.random = function random() {
  throw fail('not-available', "'Math.random' is not available: use the random() that run receives")
}
const repeat = String.prototype.repeat
const LONGEST_STRING = 2 ** 30 - 1
Object.defineProperty(String.prototype, 'repeat', {
  configurable: true,
  writable: true,
  value: function (count) {
    // The interpreter calls this a bad count; it is a want of memory.
    if (count > LONGEST_STRING && isFinite(count) && this.length > 0) ask(host.memory())
    return Reflect.apply(repeat, this, [count])
  }
})

const print = (level) =>
  function (...values) {
    ask(host.print(level, values.map(printed).join(' '), here()))
  }
globalThis.console = freeze({
  log: print('log'),
  info: print('info'),
  warn: print('warn'),
  error: print('error')
})

// ---------------------------------------------------------------- expectations

const SENTENCES = {
  toBe: (expected) => render(expected),
  toEqual: (expected) => render(expected),
  toBeCloseTo: (expected, tolerance) => `${render(expected)} ± ${render(tolerance)}`,
  toBeLessThan: (expected) => `less than ${render(expected)}`,
  toBeAtMost: (expected) => `at most ${render(expected)}`,
  toBeGreaterThan: (expected) => `more than ${render(expected)}`,
  toBeAtLeast: (expected) => `at least ${render(expected)}`
}

const HOLDS = {
  toBe: is,
  toEqual: (value, expected) => equal(value, expected),
  toBeCloseTo: (value, expected, tolerance) => abs(value - expected) <= tolerance,
  toBeLessThan: (value, expected) => value < expected,
  toBeAtMost: (value, expected) => value <= expected,
  toBeGreaterThan: (value, expected) => value > expected,
  toBeAtLeast: (value, expected) => value >= expected
}

function expect(value, name) {
  if (name !== undefined && typeof name !== 'string')
    throw fail('bad-argument', 'the name of an expectation must be a string')
  const stack = here()
  const matchers = {}
  for (const matcher of Object.keys(HOLDS)) {
    const numeric = matcher !== 'toBe' && matcher !== 'toEqual'
    matchers[matcher] = (...wanted) => {
      const needed = matcher === 'toBeCloseTo' ? 2 : 1
      if (
        numeric &&
        (wanted.length < needed || wanted.slice(0, needed).some((one) => typeof one !== 'number'))
      ) {
        throw fail('bad-argument', `${matcher} takes ${needed === 2 ? 'two numbers' : 'a number'}`)
      }
      const holds = (!numeric || typeof value === 'number') && HOLDS[matcher](value, ...wanted)
      const said = { name, holds, expected: SENTENCES[matcher](...wanted), found: render(value) }
      ask(host.expectation(stringify(said), stack))
    }
  }
  return freeze(matchers)
}

// ---------------------------------------------------------------- records

function record(metric, value, unit = '1') {
  if (typeof metric !== 'string' || metric === '')
    throw fail('bad-record', 'record: the metric must be a string with at least one character')
  if (typeof value !== 'number' || !isFinite(value)) {
    throw fail('bad-record', `record('${metric}'): the value must be a finite number, not ${render(value)}`)
  }
  if (typeof unit !== 'string' || unit === '')
    throw fail('bad-record', `record('${metric}'): the unit must be a string such as 'ns'`)
  ask(host.record(metric, value, unit))
}

/** How far the cell is. */
function progress(done, of) {
  if (typeof of !== 'number' || !isFinite(of) || of <= 0)
    throw fail('bad-argument', `progress: what there is to do must be a number above 0, not ${render(of)}`)
  if (typeof done !== 'number' || !(done >= 0 && done <= of))
    throw fail('bad-argument', `progress: what is done must be a number from 0 to ${of}, not ${render(done)}`)
  host.progress(done, of)
}

/** One schedule of a model for the explorer. */
function replay(definition, schedule) {
  let text
  try {
    text = stringify([definition, schedule])
  } catch (error) {
    throw fail('bad-argument', `replay: the model is not plain data: ${error.message}`)
  }
  return parse(ask(host.call('replay', text)))
}

function chart(name, spec) {
  if (typeof name !== 'string' || name === '')
    throw fail('bad-chart', 'chart: the name must be a string with at least one character')
  if (typeof spec !== 'object' || spec === null || Array.isArray(spec)) {
    throw fail('bad-chart', `chart('${name}'): the specification must be a Vega-Lite object`)
  }
  let text
  try {
    text = stringify(spec)
  } catch (error) {
    throw fail('bad-chart', `chart('${name}'): the specification is not plain data: ${error.message}`)
  }
  ask(host.chart(name, text, here()))
}

// ---------------------------------------------------------------- the module and what the host calls

/** The only value the API exports: marks a definition as an experiment. */
export function experiment(definition) {
  if (typeof definition !== 'object' || definition === null) {
    throw fail('bad-experiment', 'experiment takes an object with at least title and run')
  }
  experiments.add(definition)
  return definition
}

/** Marks a definition as a model for the explorer: plain data, checked by whoever explores it. */
export function model(definition) {
  if (typeof definition !== 'object' || definition === null) {
    throw fail('bad-model', 'model takes an object with at least title and sequence')
  }
  models.add(definition)
  return definition
}

/** The data of a model, as text for the host. */
function modelData(definition) {
  if (typeof definition !== 'object' || definition === null || !models.has(definition)) {
    throw fail(
      'no-model',
      'the default export is not a model: write `export default model({ title, sequence })`'
    )
  }
  try {
    return stringify(definition)
  } catch (error) {
    throw fail('bad-model', `the model is not plain data: ${error.message}`)
  }
}

function text(definition, name) {
  const value = definition[name]
  if (value === undefined) return undefined
  if (typeof value !== 'string')
    throw fail('bad-experiment', `${name} must be a string, not ${render(value)}`)
  return value
}

const RESERVED = ['metric', 'value', 'unit', '__proto__']

function parameters(declared) {
  if (declared === undefined) return []
  if (typeof declared !== 'object' || declared === null)
    throw fail('bad-experiment', 'parameters must be an object of lists')
  return Object.keys(declared).map((name) => {
    const refuse = (why) => fail('bad-experiment', `parameter '${name}' ${why}`)
    if (!/^[A-Za-z_][\w-]*$/.test(name)) throw refuse('needs a name of letters, digits, _ and -')
    if (RESERVED.includes(name)) throw refuse('has a name that the result table uses itself')
    const values = declared[name]
    if (!Array.isArray(values) || values.length === 0) throw refuse('needs a list of at least one value')
    values.forEach((value, index) => {
      const plain =
        typeof value === 'string' ||
        typeof value === 'boolean' ||
        (typeof value === 'number' && isFinite(value))
      if (!plain) throw refuse(`may list only strings, finite numbers and booleans, not ${render(value)}`)
      if (values.indexOf(value) !== index) throw refuse(`lists ${render(value)} twice`)
    })
    return [name, values]
  })
}

function header(definition) {
  if (typeof definition === 'object' && definition !== null && models.has(definition)) {
    throw fail('no-experiment', 'the default export is a model: `contpte-lab explore` explores it')
  }
  if (typeof definition !== 'object' || definition === null || !experiments.has(definition)) {
    throw fail(
      'no-experiment',
      'the default export is not an experiment: write `export default experiment({ title, run })`'
    )
  }
  if (typeof text(definition, 'title') !== 'string' || definition.title.trim() === '')
    throw fail('bad-experiment', 'title must be a string that says something')
  if (typeof definition.run !== 'function') throw fail('bad-experiment', 'run must be a function')
  const { conclude } = definition
  if (conclude !== undefined && typeof conclude !== 'function')
    throw fail('bad-experiment', 'conclude must be a function')
  return stringify({
    title: definition.title,
    claim: text(definition, 'claim'),
    source: text(definition, 'source'),
    topic: text(definition, 'topic'),
    parameters: parameters(definition.parameters),
    concludes: conclude !== undefined
  })
}

function run(definition, cell) {
  const { parameters: pairs, seed } = parse(cell)
  const given = freeze(Object.fromEntries(pairs))
  const random = () => host.random()
  return definition.run(
    freeze({ parameters: given, seed, random, machine, replay, record, progress, expect })
  )
}

function conclude(definition, input) {
  const { rows, seed } = parse(input)
  return definition.conclude(freeze({ rows: freeze(rows), seed, expect, record, chart }))
}

/** An uncaught error as text for the host. */
function describe(error) {
  if (!(error instanceof ErrorClass))
    return stringify({ name: '', message: `the script threw ${render(error)}`, stack: '' })
  const { name, message, stack } = error
  return stringify({ name: `${name}`, message: `${message}`, stack: `${stack}`, code: codeOf(error) })
}

export const hooks = freeze({ header, run, conclude, describe, model: modelData })

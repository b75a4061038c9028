/**
 * Models of kernel tasks: what several CPUs do to shared state, step by step, every step atomic and seen by all
 * at once. For questions of who may be between which two steps of whom: locks, flags, counts. Memory
 * that is seen in another order is not modelled; what the kernel orders by barriers is a step here.
 */
import { ModelError } from './error'

/** A value of shared state: a word or a small number. */
export type TaskValue = string | number

/** Variables and what they must be: one value, or one of several. */
export type TaskCondition = Readonly<Record<string, TaskValue | readonly TaskValue[]>>

/** One atomic step. In names, `@` stands for the task: `@found` is its own variable. */
export interface TaskStep {
  /** What it does, for people. */
  readonly text: string
  /** Waits until this holds. */
  readonly when?: TaskCondition
  /** Is passed over unless this holds. */
  readonly if?: TaskCondition
  /** Assigns: a value, or `$name` for what another variable holds. */
  readonly set?: Readonly<Record<string, TaskValue>>
  /** Adds to numbers. */
  readonly add?: Readonly<Record<string, number>>
  /** What must hold here; if not, it is the harm `harm` says. */
  readonly must?: TaskCondition
  readonly harm?: string
  /** Of the harm: hazard or rule of the reference. */
  readonly rule?: string
}

export interface Task {
  readonly name: string
  readonly steps: readonly TaskStep[]
}

export interface TasksModel {
  readonly title: string
  readonly claim?: string
  readonly source?: string
  /** What there is at the start. */
  readonly state: Readonly<Record<string, TaskValue>>
  /** 2 to 4, each on a CPU of its own. */
  readonly tasks: readonly Task[]
  readonly maxStates: number
}

const MAX_TASKS = 4
const MAX_STEPS = 64
const MAX_VARIABLES = 64
const DEFAULT_STATES = 1_000_000

type Plain = Readonly<Record<string, unknown>>
const isPlain = (value: unknown): value is Plain =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const isValue = (value: unknown): value is TaskValue =>
  typeof value === 'string' || (typeof value === 'number' && Number.isSafeInteger(value))

const STEP_KEYS = ['text', 'when', 'if', 'set', 'add', 'must', 'harm', 'rule']
const MODEL_KEYS = ['title', 'claim', 'source', 'state', 'tasks', 'maxStates']

function refuseOthers(value: Plain, keys: readonly string[], where: string): void {
  for (const key of Object.keys(value))
    if (!keys.includes(key))
      throw new ModelError(`${where}: there is no '${key}' (there are ${keys.join(', ')})`)
}

function text(value: unknown, where: string): string {
  if (typeof value === 'string' && value.trim() !== '') return value
  throw new ModelError(`${where} must say something`)
}

function optionalText(value: unknown, where: string): string | undefined {
  return value === undefined ? undefined : text(value, where)
}

/** Variables of a step with their values, names checked. */
function assignments<T>(
  value: unknown,
  where: string,
  known: (name: string) => boolean,
  isRight: (value: unknown) => value is T
): Readonly<Record<string, T>> | undefined {
  if (value === undefined) return undefined
  if (!isPlain(value)) throw new ModelError(`${where} must be an object of variables`)
  const found: Record<string, T> = {}
  for (const [name, each] of Object.entries(value)) {
    if (!known(name)) throw new ModelError(`${where}: there is no variable '${name}' in state`)
    if (!isRight(each))
      throw new ModelError(`${where}.${name} is ${JSON.stringify(each)}, which it may not be`)
    if (typeof each === 'string' && each.startsWith('$') && !known(each.slice(1)))
      throw new ModelError(`${where}.${name}: there is no variable '${each.slice(1)}' in state`)
    found[name] = each
  }
  return found
}

const isWanted = (value: unknown): value is TaskValue | readonly TaskValue[] =>
  isValue(value) || (Array.isArray(value) && value.length > 0 && value.every(isValue))
const isNumber = (value: unknown): value is number => typeof value === 'number' && Number.isSafeInteger(value)

function step(value: unknown, where: string, known: (name: string) => boolean): TaskStep {
  if (!isPlain(value)) throw new ModelError(`${where} must be an object`)
  refuseOthers(value, STEP_KEYS, where)
  const must = assignments(value.must, `${where}.must`, known, isWanted)
  const harm = optionalText(value.harm, `${where}.harm`)
  if ((must === undefined) !== (harm === undefined))
    throw new ModelError(`${where}: must and harm belong together`)
  return {
    text: text(value.text, `${where}.text`),
    when: assignments(value.when, `${where}.when`, known, isWanted),
    if: assignments(value.if, `${where}.if`, known, isWanted),
    set: assignments(value.set, `${where}.set`, known, isValue),
    add: assignments(value.add, `${where}.add`, known, isNumber),
    must,
    harm,
    rule: optionalText(value.rule, `${where}.rule`)
  }
}

/** Whether a definition is one of tasks, and not of a sequence. */
export function isTasksDefinition(definition: unknown): boolean {
  return isPlain(definition) && definition.tasks !== undefined
}

/**
 * The model that a definition of tasks stands for.
 *
 * @throws ModelError naming the field
 */
export function tasksModelOf(definition: unknown): TasksModel {
  if (!isPlain(definition)) throw new ModelError('model takes an object with at least title, state and tasks')
  refuseOthers(definition, MODEL_KEYS, 'a model of tasks')
  const { state, tasks, maxStates = DEFAULT_STATES } = definition
  if (!isPlain(state)) throw new ModelError('state must be an object of variables')
  const given: Record<string, TaskValue> = {}
  for (const [name, value] of Object.entries(state)) {
    if (!isValue(value)) throw new ModelError(`state.${name} must be a word or a whole number`)
    given[name] = value
  }
  if (!Array.isArray(tasks) || tasks.length < 2 || tasks.length > MAX_TASKS)
    throw new ModelError(`tasks must be a list of 2 to ${MAX_TASKS}`)
  if (Object.keys(given).length > MAX_VARIABLES)
    throw new ModelError(`state may have ${MAX_VARIABLES} variables`)
  if (!isNumber(maxStates) || maxStates < 1 || maxStates > 2 ** 24)
    throw new ModelError('maxStates must be a whole number from 1 to 16777216')
  // A task's own variables are there by being named.
  const known = (name: string): boolean => name.startsWith('@') || Object.hasOwn(given, name)
  return {
    title: text(definition.title, 'title'),
    claim: optionalText(definition.claim, 'claim'),
    source: optionalText(definition.source, 'source'),
    state: given,
    tasks: tasks.map((each: unknown, index): Task => {
      const where = `tasks[${index}]`
      if (!isPlain(each)) throw new ModelError(`${where} must be an object`)
      refuseOthers(each, ['name', 'steps'], where)
      const { steps } = each
      if (!Array.isArray(steps) || steps.length === 0 || steps.length > MAX_STEPS)
        throw new ModelError(`${where}.steps must be a list of 1 to ${MAX_STEPS}`)
      return {
        name: text(each.name, `${where}.name`),
        steps: steps.map((one: unknown, at) => step(one, `${where}.steps[${at}]`, known))
      }
    }),
    maxStates
  }
}

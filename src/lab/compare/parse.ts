/**
 * Reads recordings strictly: whatever is not as the schema says is refused, with the file, the case,
 * the step and the field.
 */
import { LabError, problem } from '../diagnostic'
import type { Boot, Case, Recording, Step } from './schema'

/** Where in a recording something stands. */
class Place {
  constructor(
    readonly file: string,
    readonly path: string
  ) {}

  at(name: string | number): Place {
    if (typeof name === 'number') return new Place(this.file, `${this.path}[${name}]`)
    return new Place(this.file, this.path === '' ? name : `${this.path}.${name}`)
  }

  /** The same file, at a place that reads better than a path. */
  named(path: string): Place {
    return new Place(this.file, path)
  }

  refuse(why: string): LabError {
    const message = `${this.path === '' ? 'the recording' : this.path}: ${why}`
    return new LabError(problem('bad-recording', message, { file: this.file }))
  }
}

type Check = (value: unknown, place: Place) => void

const kindOf = (value: unknown): string =>
  value === null
    ? 'null'
    : Array.isArray(value)
      ? 'a list'
      : typeof value === 'object'
        ? 'an object'
        : typeof value

const string: Check = (value, place) => {
  if (typeof value !== 'string') throw place.refuse(`it must be a text, not ${kindOf(value)}`)
}
const boolean: Check = (value, place) => {
  if (typeof value !== 'boolean') throw place.refuse(`it must be true or false, not ${kindOf(value)}`)
}
const integer: Check = (value, place) => {
  if (!Number.isSafeInteger(value))
    throw place.refuse(`it must be a whole number, not ${JSON.stringify(value)}`)
}
const count: Check = (value, place) => {
  integer(value, place)
  if ((value as number) < 0) throw place.refuse(`it must not be negative, but is ${String(value)}`)
}
const anything: Check = () => undefined

function oneOf(...values: readonly unknown[]): Check {
  return (value, place) => {
    if (!values.includes(value)) {
      const list = values.map((each) => JSON.stringify(each)).join(', ')
      throw place.refuse(`it must be one of ${list}, not ${JSON.stringify(value)}`)
    }
  }
}

function object(value: unknown, place: Place): Record<string, unknown> {
  if (kindOf(value) !== 'an object') throw place.refuse(`it must be an object, not ${kindOf(value)}`)
  return value as Record<string, unknown>
}

function list(item: Check): Check {
  return (value, place) => {
    if (!Array.isArray(value)) throw place.refuse(`it must be a list, not ${kindOf(value)}`)
    value.forEach((each, k) => item(each, place.at(k)))
  }
}

function record(item: Check): Check {
  return (value, place) => {
    for (const [name, each] of Object.entries(object(value, place))) item(each, place.at(name))
  }
}

/** An object with these keys; those of `optional` may be missing, others are refused. */
function shape(
  needed: Readonly<Record<string, Check>>,
  optional: Readonly<Record<string, Check>> = {}
): Check {
  return (value, place) => {
    const fields = object(value, place)
    for (const name of Object.keys(needed)) {
      if (!Object.hasOwn(fields, name)) throw place.refuse(`'${name}' is missing`)
    }
    for (const [name, each] of Object.entries(fields)) {
      const check = Object.hasOwn(needed, name)
        ? needed[name]
        : Object.hasOwn(optional, name)
          ? optional[name]
          : undefined
      if (check === undefined) throw place.refuse(`there is no field '${name}' in the schema`)
      check(each, place.at(name))
    }
  }
}

const boot = shape({
  cpu: string,
  mte: boolean,
  append: string,
  page_size: oneOf(4096, 16384, 65536),
  features: shape({ hafdbs: count, tlb: count, bbm: count, mte: count, asid16: boolean, cnp: count }),
  registers: record(string),
  warnings: list(string)
})

const run = shape(
  { at: count, n: count, kind: oneOf('page', 'block', 'none', 'swap', 'page-protnone', 'block-protnone') },
  {
    flags: string,
    attr: string,
    folio: string,
    idx: count,
    ref: count,
    map: count,
    excl: oneOf(0, 1),
    kpf: string,
    fresh: count,
    table: oneOf(1, 2, 3)
  }
)

const folio = shape(
  { id: string, order: count, ref: count, map: count },
  { entire: count, pins: count, kpf: string }
)

const region = shape(
  { who: string, r: string },
  { same: oneOf(true), runs: list(run), folios: list(folio), pagemap: list(anything) }
)

const vma: Check = (value, place) => {
  const fields = object(value, place)
  for (const name of ['r', 'perms', 'VmFlags']) string(fields[name], place.at(name))
  for (const [name, each] of Object.entries(fields)) {
    if (!['r', 'perms', 'VmFlags'].includes(name)) count(each, place.at(name))
  }
  for (const name of ['from', 'n', 'Rss']) {
    if (!Object.hasOwn(fields, name)) throw place.refuse(`'${name}' is missing`)
  }
}

const state: Check = (value, place) => (value === 'unchanged' ? undefined : list(region)(value, place))
const vmas: Check = (value, place) =>
  record((each, at) => (each === 'same' ? undefined : list(vma)(each, at)))(value, place)

const letters = string
const pages = count

/** Arguments of every operation: needed, then optional. */
const ARGS: Readonly<Record<string, Check>> = {
  thp: record((value, place) => (typeof value === 'number' ? count : string)(value, place)),
  mmap: shape(
    { r: string, n: pages },
    { at: pages, prot: letters, flags: oneOf('private', 'shared'), huge: count }
  ),
  write: shape({ r: string }, { from: pages, n: pages, step: count, val: count, off: count }),
  read: shape({ r: string }, { from: pages, n: pages, step: count, off: count }),
  fork: shape({ c: string }),
  exit: shape({}),
  munmap: shape({ r: string }, { from: pages, n: pages }),
  mprotect: shape({ r: string, prot: letters }, { from: pages, n: pages }),
  madvise: shape({ r: string, adv: string }, { from: pages, n: pages }),
  mlock: shape({ r: string }, { from: pages, n: pages }),
  mremap: shape({ r: string, to: string }, { from: pages, n: pages, at: pages }),
  pin: shape({ r: string }, { from: pages, n: pages, write: oneOf(0, 1), longterm: oneOf(0, 1) }),
  unpin: shape({}),
  clearrefs: shape({ val: count }),
  prctl: shape({ thp_disable: oneOf(0, 1) }),
  mte_enable: shape({}),
  settag: shape({ r: string, tag: count }, { from: pages, n: pages, same: oneOf(0, 1) }),
  gettag: shape({ r: string }, { from: pages, n: pages }),
  sys: shape({ path: string }, { val: anything }),
  cat: shape({ path: string }),
  tree: shape({ path: string }),
  dump: shape({})
}

/** Operations that name no process. */
const WITHOUT_PROCESS = new Set(['thp', 'sys', 'cat', 'tree', 'dump'])

const stepShape = shape(
  { i: count, op: oneOf(...Object.keys(ARGS)), args: anything },
  {
    who: string,
    rc: integer,
    errno: string,
    signal: string,
    len: count,
    text: string,
    read_errno: string,
    tree: list(shape({ path: string, mode: string }, { text: string, error: string })),
    data: list(anything),
    counts: record(count),
    tlbi: record(count),
    tlbi_by: record(record(count)),
    dsb_by: record(record(count)),
    vm: record(integer),
    thp: record(integer),
    state,
    vmas,
    unstable: list(string),
    counts_missing: anything
  }
)

function checkStep(value: unknown, place: Place, k: number): void {
  stepShape(value, place)
  const step = value as Step
  if (step.i !== k) throw place.at('i').refuse(`it must be ${k}, not ${step.i}`)
  ARGS[step.op](step.args, place.at('args'))
  if (step.who === undefined && !WITHOUT_PROCESS.has(step.op)) throw place.refuse(`'who' is missing`)
}

const caseShape = shape({ id: string, family: string, boot: string, title: string, steps: list(anything) })

function checkCase(value: unknown, place: Place, k: number, boots: Readonly<Record<string, Boot>>): void {
  const id: unknown = object(value, place.named(`case ${k}`)).id
  const here = place.named(`case ${typeof id === 'string' ? id : k}`)
  caseShape(value, here)
  const read = value as Case
  if (!Object.hasOwn(boots, read.boot)) throw here.at('boot').refuse(`there is no boot '${read.boot}'`)
  read.steps.forEach((step, at) => checkStep(step, here.named(`${here.path} step ${at}`), at))
}

/**
 * The recording in `text`, which came from `file`.
 * @throws LabError `bad-recording` that names file, case, step and field
 */
export function parseRecording(text: string, file: string): Recording {
  const place = new Place(file, '')
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw place.refuse(`it is not JSON: ${error instanceof Error ? error.message : String(error)}`)
  }
  shape({
    schema: oneOf(1),
    kernel: string,
    version: string,
    packages: string,
    boots: record(boot),
    cases: list(anything)
  })(value, place)
  const recording = value as Recording
  recording.cases.forEach((each, k) => checkCase(each, place, k, recording.boots))
  return recording
}

/**
 * Runs inside the interpreter: the classes scripts see for machines, processes and regions. Each holds
 * a number that the host looks up; the simulator itself is on the other side.
 */
import { ask, counterNames, fail, host } from 'contpte-lab:host'

const { parse, stringify } = JSON
const { defineProperty } = Object

/** Only this module builds these objects. */
const KEY = {}

function check(key) {
  if (key !== KEY)
    throw new TypeError('Illegal constructor: machines come from machine(), the rest from them')
}

let processId

/** The simulator's answer to an option that is not there: -1. */
function pages(value, name) {
  if (value === undefined) return -1
  if (typeof value !== 'number' || !(value >= 0) || value % 1 !== 0) {
    throw fail('bad-argument', `${name} must be a whole number of pages, 0 or more`)
  }
  return value
}

class Counters {
  constructor(key, machine) {
    check(key)
    for (let index = 0; index < counterNames.length; index++) {
      defineProperty(this, counterNames[index], { enumerable: true, get: () => host.counter(machine, index) })
    }
  }
}

class Sysfs {
  #machine
  constructor(key, machine) {
    check(key)
    this.#machine = machine
  }
  read(path) {
    return ask(host.sysfsRead(this.#machine, path))
  }
  write(path, value) {
    ask(host.sysfsWrite(this.#machine, path, value))
  }
  list(path = '') {
    return parse(ask(host.sysfsList(this.#machine, path)))
  }
}

class Region {
  #id
  #through(process) {
    return process === undefined ? -1 : processId(process)
  }
  constructor(key, { id, address, bytes, length }) {
    check(key)
    this.#id = id
    this.address = address
    this.bytes = bytes
    this.length = length
    Object.freeze(this)
  }
  write(from, count, process) {
    ask(host.regionWrite(this.#id, pages(from, 'from'), pages(count, 'count'), this.#through(process)))
  }
  read(from, count, process) {
    ask(host.regionRead(this.#id, pages(from, 'from'), pages(count, 'count'), this.#through(process)))
  }
  madvise(advice, from, count, process) {
    const through = this.#through(process)
    ask(host.regionMadvise(this.#id, advice, pages(from, 'from'), pages(count, 'count'), through))
  }
  munmap(from, count, process) {
    ask(host.regionMunmap(this.#id, pages(from, 'from'), pages(count, 'count'), this.#through(process)))
  }
  pte(page, process) {
    return parse(ask(host.regionPte(this.#id, pages(page, 'page'), this.#through(process))))
  }
  folio(page, process) {
    const found = ask(host.regionFolio(this.#id, pages(page, 'page'), this.#through(process)))
    return found === '' ? undefined : parse(found)
  }
  foldedBlocks(process) {
    return ask(host.regionFoldedBlocks(this.#id, this.#through(process)))
  }
}

class Process {
  #id
  static {
    processId = (process) => {
      if (typeof process !== 'object' || process === null || !(#id in process)) {
        throw fail('bad-argument', 'process must be a process of this machine')
      }
      return process.#id
    }
  }
  constructor(key, { id, pid }) {
    check(key)
    this.#id = id
    this.pid = pid
    Object.freeze(this)
  }
  mmap(options) {
    return new Region(KEY, parse(ask(host.mmap(this.#id, stringify(options) ?? 'null'))))
  }
  fork() {
    return new Process(KEY, parse(ask(host.fork(this.#id))))
  }
  exit() {
    ask(host.exit(this.#id))
  }
}

class Machine {
  #id
  constructor(key, { id, kernel, cpus }) {
    check(key)
    this.#id = id
    this.kernel = kernel
    this.cpus = cpus
    this.counters = new Counters(KEY, id)
    this.sysfs = new Sysfs(KEY, id)
    Object.freeze(this)
  }
  spawn() {
    return new Process(KEY, parse(ask(host.spawn(this.#id))))
  }
  time(body) {
    if (typeof body !== 'function')
      throw fail('bad-argument', 'time takes a function: time(() => parent.fork())')
    return ask(host.time(this.#id, body))
  }
}

/** `machine(options)` of the run context. */
export function machine(options) {
  return new Machine(KEY, parse(ask(host.machine(stringify(options) ?? 'null'))))
}

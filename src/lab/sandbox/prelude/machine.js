/**
 * Runs inside the interpreter: the classes scripts see for machines, processes and regions. Each holds
 * a number that the host looks up; the simulator itself is on the other side.
 */
import { ask, counterNames, fail, host } from 'contpte-lab:host'

const { parse, stringify } = JSON
const { defineProperty, freeze } = Object

/** Only this module builds these objects. */
const KEY = {}

function check(key) {
  if (key !== KEY)
    throw new TypeError('Illegal constructor: machines come from machine(), the rest from them')
}

let processId
let regionId

/** A call by name; what is left out travels as null. */
function call(name, ...args) {
  return parse(ask(host.call(name, stringify(args)))) ?? undefined
}

/** A function of the script, or a refusal. */
function callable(value, what) {
  if (typeof value !== 'function') throw fail('bad-argument', `${what} takes a function`)
  return value
}

/** The page or range arguments as they travel: -1 becomes null. */
function place(value, name) {
  const found = pages(value, name)
  return found < 0 ? null : found
}

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
  scope(body) {
    callable(body, 'scope')
    const before = { ...this }
    body()
    const spent = { ...this }
    for (const name of counterNames) spent[name] -= before[name]
    return freeze(spent)
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
  static {
    regionId = (region) => {
      if (typeof region !== 'object' || region === null || !(#id in region)) {
        throw fail('bad-argument', 'region must be a region of this machine')
      }
      return region.#id
    }
  }
  #through(process) {
    return process === undefined ? -1 : processId(process)
  }
  #range(from, count, process) {
    const through = process === undefined ? null : processId(process)
    return [this.#id, place(from, 'from'), place(count, 'count'), through]
  }
  #page(page, process) {
    return [this.#id, place(page, 'page'), process === undefined ? null : processId(process)]
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
  store(page, value, process) {
    const [id, at, through] = this.#page(page, process)
    call('region.store', id, at, value, through)
  }
  load(page, process) {
    return call('region.load', ...this.#page(page, process))
  }
  setTags(tag, from, count, process, part) {
    call('region.setTags', tag, part, ...this.#range(from, count, process))
  }
  tags(from, count, process, part) {
    return call('region.tags', part, ...this.#range(from, count, process))
  }
  mprotect(prot, from, count, process) {
    call('region.mprotect', prot, ...this.#range(from, count, process))
  }
  mremap(to, page, from, count, process) {
    call('region.mremap', regionId(to), place(page, 'page'), ...this.#range(from, count, process))
  }
  mlock(from, count, process) {
    call('region.mlock', ...this.#range(from, count, process))
  }
  pin(from, count, how, process) {
    return call('region.pin', how, ...this.#range(from, count, process))
  }
  numaHint(from, count, process) {
    call('region.numaHint', ...this.#range(from, count, process))
  }
  writeProtect(from, count, process, how) {
    call('region.writeProtect', how, ...this.#range(from, count, process))
  }
  corrupt(page, change, process) {
    const [id, at, through] = this.#page(page, process)
    call('region.corrupt', id, at, change, through)
  }
  migrate(page, process) {
    const head = call('region.migrate', ...this.#page(page, process))
    const id = this.#id
    let under = true
    return freeze({
      undo() {
        if (under) call('region.unmigrate', id, head)
        under = false
      }
    })
  }
  pte(page, process) {
    return parse(ask(host.regionPte(this.#id, pages(page, 'page'), this.#through(process))))
  }
  observe(page, process) {
    return call('region.observe', ...this.#page(page, process))
  }
  whatIf(page, name, process) {
    const [id, at, through] = this.#page(page, process)
    return call('region.whatIf', id, at, name, through)
  }
  block(page, process) {
    return call('region.block', ...this.#page(page, process))
  }
  folio(page, process) {
    const found = ask(host.regionFolio(this.#id, pages(page, 'page'), this.#through(process)))
    return found === '' ? undefined : parse(found)
  }
  workload(options) {
    return new Workload(KEY, call('region.workload', this.#id, options))
  }
  explain(page, process) {
    return call('region.explain', ...this.#page(page, process))
  }
  foldedBlocks(process) {
    return ask(host.regionFoldedBlocks(this.#id, this.#through(process)))
  }
}

/** An allocator at work on a region. */
class Workload {
  #id
  constructor(key, id) {
    check(key)
    this.#id = id
    freeze(this)
  }
  run(operations) {
    return freeze(call('workload.run', this.#id, operations))
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
  clearRefs(value) {
    call('process.clearRefs', this.#id, value)
  }
  tagCheck(check) {
    call('process.tagCheck', this.#id, check)
  }
  thpDisable(disable = true) {
    call('process.thpDisable', this.#id, disable)
  }
  unpin() {
    call('process.unpin', this.#id)
  }
  batches() {
    return call('process.batches', this.#id)
  }
  rss() {
    return call('process.rss', this.#id)
  }
  vmas() {
    return call('process.vmas', this.#id)
  }
}

/** HugeTLB pools of a machine, and the vmemmap of their pages. */
class Hugetlb {
  #machine
  constructor(key, machine) {
    check(key)
    this.#machine = machine
    freeze(this)
  }
  pools() {
    return call('hugetlb.pools', this.#machine)
  }
  pool(size) {
    return call('hugetlb.pool', this.#machine, size)
  }
  resize(size, count) {
    return call('hugetlb.resize', this.#machine, size, count)
  }
  optimise(size) {
    return call('hugetlb.optimise', this.#machine, size)
  }
  restore(size) {
    return call('hugetlb.restore', this.#machine, size)
  }
  vmemmap() {
    return call('hugetlb.vmemmap', this.#machine)
  }
  entries(size, page = 0) {
    return call('hugetlb.entries', this.#machine, size, page)
  }
}

/** A CPU's or walker's own accesses. */
class Agent {
  #machine
  #agent
  constructor(key, machine, agent) {
    check(key)
    this.#machine = machine
    this.#agent = agent
    freeze(this)
  }
  #access(region, page, value, process) {
    const through = process === undefined ? null : processId(process)
    return call(
      'machine.access',
      this.#machine,
      this.#agent,
      value,
      regionId(region),
      place(page, 'page'),
      through
    )
  }
  load(region, page, process) {
    return this.#access(region, page, undefined, process)
  }
  store(region, page, value = 1, process = undefined) {
    return this.#access(region, page, value, process)
  }
  tlb() {
    return call('machine.tlb', this.#machine, this.#agent)
  }
}

/** A watch that is on. */
class Watch {
  #machine
  constructor(key, machine) {
    check(key)
    this.#machine = machine
    freeze(this)
  }
  violation() {
    return call('machine.violation', this.#machine)
  }
  stop() {
    call('machine.unwatch', this.#machine)
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
    this.hugetlb = new Hugetlb(KEY, id)
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
  on(cpu, body) {
    callable(body, 'on')
    const before = call('machine.actOn', this.#id, cpu)
    try {
      return body()
    } finally {
      call('machine.actOn', this.#id, before)
    }
  }
  cpu(cpu) {
    return new Agent(KEY, this.#id, call('machine.agent', this.#id, 'cpu', cpu))
  }
  walker(walker = 0) {
    return new Agent(KEY, this.#id, call('machine.agent', this.#id, 'walker', walker))
  }
  memory() {
    return freeze(call('machine.memory', this.#id))
  }
  khugepaged() {
    return freeze(call('machine.khugepaged', this.#id))
  }
  blockPool() {
    return freeze(call('machine.blockPool', this.#id))
  }
  refillBlocks() {
    return call('machine.refillBlocks', this.#id)
  }
  limitBlocks(limit) {
    call('machine.limitBlocks', this.#id, limit)
  }
  fragment(how) {
    return call('machine.fragment', this.#id, how)
  }
  shell(text) {
    return freeze(call('machine.shell', this.#id, text))
  }
  swapArea() {
    return freeze(call('machine.swapArea', this.#id))
  }
  reclaimSwapCache() {
    return call('machine.reclaimSwapCache', this.#id)
  }
  swapoff() {
    call('machine.swapoff', this.#id)
  }
  tagBuffers(limit) {
    call('machine.tagBuffers', this.#id, limit)
  }
  check() {
    return call('machine.check', this.#id)
  }
  watch() {
    call('machine.watch', this.#id)
    return new Watch(KEY, this.#id)
  }
  onStep(body) {
    const hook = body === undefined ? undefined : callable(body, 'onStep')
    host.hook(this.#id, 'step', hook && ((json) => hook(parse(json))))
  }
  onLockBreak(body) {
    const hook = body === undefined ? undefined : callable(body, 'onLockBreak')
    const machine = this.#id
    const fill = (region, page, process) => {
      const through = process === undefined ? null : processId(process)
      call('machine.fill', machine, regionId(region), place(page, 'page'), through)
    }
    host.hook(machine, 'lock', hook && ((json) => hook(freeze({ ...parse(json), fill }))))
  }
}

/** `machine(options)` of the run context. */
export function machine(options) {
  return new Machine(KEY, parse(ask(host.machine(stringify(options) ?? 'null'))))
}

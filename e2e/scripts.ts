/** Experiments that specs type into the editor. Small, each for one thing. */

const module = (body: string) =>
  `import { experiment } from 'contpte-lab'\n\nexport default experiment({\n${body}\n})\n`

/** One cell, one row, one expectation that holds. */
export const SMALL = module(`  title: 'Small',
  run({ record, expect }) {
    record('answer', 42, '1')
    expect(42, 'the answer').toBe(42)
  }`)

/** A machine to complete the members of. */
export const MACHINE = module(`  title: 'Machine',
  run({ machine, record }) {
    const m = machine({ kernel: 'contpte-v2' })
    record('unfolds', m.counters.unfold, '1')
  }`)

/** One expectation that holds and one that does not. */
export const FAILING = module(`  title: 'Half true',
  run({ expect }) {
    expect(1, 'one is one').toBe(1)
    expect(1, 'one is two').toBe(2)
  }`)

/** Never ends by itself. */
export const ENDLESS = module(`  title: 'Endless',
  run() {
    for (;;);
  }`)

/** One native call that takes longer than anybody waits. */
export const LONG_CALL = module(`  title: 'One long call',
  run({ record }) {
    const list = new Array(1e9)
    record('length', (list + '').length, '1')
  }`)

/** `cells` cells that each take some time; \`quick\` first ones do not. */
export const sweep = (cells: number, quick: number) =>
  module(`  title: 'Sweep',
  parameters: { cell: [${Array.from({ length: cells }, (_, index) => index + 1).join(', ')}] },
  run({ parameters, record, expect }) {
    record('cell', parameters.cell, '1')
    expect(parameters.cell, 'counted').toBeGreaterThan(0)
    if (parameters.cell > ${quick}) for (;;);
  }`)

/** A sweep whose cells each work for a while, so that progress can be watched. */
export const busy = (cells: number, work: number) =>
  module(`  title: 'Busy',
  parameters: { cell: [${Array.from({ length: cells }, (_, index) => index + 1).join(', ')}] },
  run({ parameters, record }) {
    let sum = 0
    for (let i = 0; i < ${work}; i++) sum += i % 7
    record('sum', sum + parameters.cell, '1')
  }`)

/** A title and names that try to be markup. */
export const MARKUP = module(`  title: '<img src=x onerror="window.hacked=1">',
  claim: '<script>window.hacked = 1</script>',
  run({ record, expect }) {
    console.log('<img src=x onerror="window.hacked=1">')
    record('<svg onload=window.hacked=1>', 1, '1')
    expect(1, '<img src=x onerror="window.hacked=1">').toBe(1)
  },
  conclude({ chart }) {
    chart('<img src=x onerror="window.hacked=1">', {
      title: '<img src=x onerror="window.hacked=1">',
      mark: 'bar',
      encoding: { x: { field: 'metric', type: 'nominal' }, y: { field: 'value', type: 'quantitative' } }
    })
  }`)

export interface Hostile {
  readonly name: string
  readonly text: string
  /** What the user is told, in the app and on the terminal. */
  readonly message: RegExp
  /** Line of the script it is told about. */
  readonly line?: number
  readonly exitCode: number
}

/** What a script may try; each has a message of its own and ends nothing but itself. */
export const HOSTILE: readonly Hostile[] = [
  {
    name: 'an endless loop',
    text: module(`  title: 'Endless',\n  run() {\n    while (true) {}\n  }`),
    // The interpreter is stopped from outside, and knows only which function it was in.
    message: /time limit.*10000 ms/i,
    line: 5,
    exitCode: 2
  },
  {
    name: 'a 10 GB allocation',
    text: module(`  title: 'Hungry',
  run() {
    const kept: string[] = []
    for (let i = 0; i < 160; i++) kept.push(String(i).padEnd(64 * 1024 * 1024, 'x'))
  }`),
    message: /memory limit.*256 MiB|256 MiB.*memory/i,
    line: 7,
    exitCode: 2
  },
  {
    name: 'unbounded output',
    text: module(`  title: 'Loud',
  run() {
    for (;;) console.log('x'.repeat(1000))
  }`),
    message: /output limit.*10 MiB|10 MiB.*output/i,
    line: 6,
    exitCode: 2
  },
  {
    name: 'an import of a file system',
    text: `import 'fs'\n${SMALL}`,
    message: /import.*fs|fs.*import/i,
    line: 1,
    exitCode: 2
  },
  {
    name: 'a request to the network',
    text: module(`  title: 'Caller',
  run() {
    fetch('http://example.com/')
  }`),
    message: /fetch/,
    line: 6,
    exitCode: 2
  },
  {
    name: 'a way to the host through constructors',
    text: module(`  title: 'Escape',
  run({ record }) {
    const host = globalThis.constructor.constructor('return process')()
    record('pid', host.pid, '1')
  }`),
    message: /process/,
    line: 6,
    exitCode: 2
  },
  {
    name: 'a syntax error on line 7',
    text: `import { experiment } from 'contpte-lab'\n\nexport default experiment({\n  title: 'Broken',\n  run() {\n    const good = 1\n    const bad = ;\n  }\n})\n`,
    message: /expression expected/i,
    line: 7,
    exitCode: 2
  },
  {
    name: 'a type error',
    text: module(`  title: 'Untyped',
  run({ record }) {
    record('answer', 'forty-two', '1')
  }`),
    message: /not assignable to parameter of type 'number'/,
    line: 6,
    exitCode: 2
  },
  {
    name: 'a kernel nobody knows',
    text: module(`  title: 'Unknown',
  parameters: { kernel: ['linux-99'] },
  run({ parameters, machine }) {
    machine({ kernel: parameters.kernel as 'contpte-v2' })
  }`),
    message: /linux-99/,
    line: 7,
    exitCode: 2
  },
  {
    name: 'a throw on line 12',
    text: module(`  title: 'Thrower',
  run({ record }) {
    const one = 1
    record('one', one, '1')
    const two = 2
    record('two', two, '1')
    const three = 3
    record('three', three, '1')
    throw new Error('ran out of patience')
  }`),
    message: /ran out of patience/,
    line: 12,
    exitCode: 2
  }
]

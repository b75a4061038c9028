import { spawn } from 'node:child_process'
import { createRequire } from 'node:module'
import { availableParallelism } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const { resolve } = createRequire(import.meta.url)

/** The longest first, so that two at a time end together. */
const PROGRAMS = [
  { name: 'web', compiler: 'vue-tsc/bin/vue-tsc.js', project: 'tsconfig.web.json' },
  { name: 'node', compiler: 'typescript/bin/tsc', project: 'tsconfig.node.json' },
  { name: 'e2e', compiler: 'typescript/bin/tsc', project: 'tsconfig.e2e.json' },
  { name: 'engine', compiler: 'typescript/bin/tsc', project: 'src/engine/tsconfig.json' },
  { name: 'experiments', compiler: 'typescript/bin/tsc', project: 'tsconfig.experiments.json' }
]

/** @param {string} path `package/file` @returns {string} */
function compilerPath(path) {
  const [name, ...rest] = path.split('/')
  return join(dirname(resolve(`${name}/package.json`)), ...rest)
}

/**
 * @param {(typeof PROGRAMS)[number]} program
 * @returns {Promise<{ name: string, ok: boolean, output: string }>}
 */
function check({ name, compiler, project }) {
  const cache = join(root, '.cache', 'tsc', `${name}.tsbuildinfo`)
  const args = [
    compilerPath(compiler),
    '-p',
    project,
    '--noEmit',
    '--incremental',
    '--tsBuildInfoFile',
    cache
  ]
  return new Promise((done, fail) => {
    const child = spawn(process.execPath, [...args, '--pretty', 'false'], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe']
    })
    let output = ''
    child.stdout.on('data', (data) => (output += data))
    child.stderr.on('data', (data) => (output += data))
    child.on('error', fail)
    child.on('close', (code) => done({ name, ok: code === 0, output: output.trim() }))
  })
}

/**
 * Type-checks every program of the house, as many at a time as there are cores.
 * @param {readonly string[]} [names] only these programs
 * @returns {Promise<{ name: string, ok: boolean, output: string }[]>}
 */
export async function typecheck(names = []) {
  const queue = PROGRAMS.filter(({ name }) => names.length === 0 || names.includes(name))
  /** @type {{ name: string, ok: boolean, output: string }[]} */
  const results = []
  const lane = async () => {
    for (let program = queue.shift(); program; program = queue.shift()) results.push(await check(program))
  }
  await Promise.all(Array.from({ length: Math.min(availableParallelism(), PROGRAMS.length) }, lane))
  return results
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const { name, ok, output } of await typecheck(process.argv.slice(2))) {
    console.log(`${name}: ${ok ? 'ok' : 'failed'}`)
    if (!ok) console.log(output)
    if (!ok) process.exitCode = 1
  }
}

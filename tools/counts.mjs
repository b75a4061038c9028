// npm run counts             counts every case of docs/counts.md anew, compares it with its formula, writes the page
// npm run counts -- --check  fails when the committed page is not what a fresh run gives
// npm run counts -- --every  compares every order at N = 262144 in all granules too (minutes); writes nothing
// npm run counts -- --twice  the same, all of it by hot loops and entry by entry, with and without range TLBI
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { relative, resolve } from 'node:path'
import { runnerImport } from 'vite'

const root = resolve(import.meta.dirname, '..')
const path = resolve(root, 'docs/counts.md')
const asked = process.argv.slice(2)
const unknown = asked.filter((argument) => !['--check', '--every', '--twice'].includes(argument))
if (unknown.length > 0) {
  console.error(`Unknown argument '${unknown[0]}'. Usage: npm run counts [-- --check | --every | --twice]`)
  process.exit(2)
}

const { module } = await runnerImport('./tools/counts/main.ts', {
  root,
  configFile: false,
  logLevel: 'error'
})
const scope = asked.includes('--twice') ? 'twice' : asked.includes('--every') ? 'every' : 'test'
const before = process.cpuUsage()
const { wrong, summary, text } = module.freshCounts(scope)
const { user, system } = process.cpuUsage(before)
for (const line of wrong) console.error(line)
console.log(`${summary} ${((user + system) / 1e6).toFixed(1)} s CPU.`)
if (wrong.length > 0) process.exit(1)
if (scope !== 'test') process.exit(0)

const name = relative(root, path)
const committed = existsSync(path) ? readFileSync(path, 'utf8') : undefined
if (asked.includes('--check')) {
  if (committed !== text) {
    console.error(`${name} is not what a fresh run gives. Run: npm run counts`)
    process.exit(1)
  }
  console.log(`${name} is what a fresh run gives.`)
} else {
  writeFileSync(`${path}.tmp`, text)
  renameSync(`${path}.tmp`, path)
  console.log(`${committed === text ? 'Unchanged' : 'Wrote'} ${name}.`)
}

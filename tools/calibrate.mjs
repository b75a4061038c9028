// npm run calibrate             fits resources/profiles/ampere-altra.json anew and prints its report
// npm run calibrate -- --check  fails when the committed profile is not what a fresh fit gives
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { relative, resolve } from 'node:path'
import { runnerImport } from 'vite'

const root = resolve(import.meta.dirname, '..')
const path = resolve(root, 'resources/profiles/ampere-altra.json')
const unknown = process.argv.slice(2).filter((argument) => argument !== '--check')
if (unknown.length > 0) {
  console.error(`Unknown argument '${unknown[0]}'. Usage: npm run calibrate [-- --check]`)
  process.exit(2)
}

const { module } = await runnerImport('./tools/calibrate/main.ts', {
  root,
  configFile: false,
  logLevel: 'error'
})
const { profile, text } = await module.freshProfile(path)
console.log(module.table(profile))

const name = relative(root, path)
const committed = existsSync(path) ? readFileSync(path, 'utf8') : undefined
if (process.argv.includes('--check')) {
  if (committed !== text) {
    console.error(`\n${name} is not what a fresh fit gives. Run: npm run calibrate`)
    process.exit(1)
  }
  console.log(`\n${name} is what a fresh fit gives.`)
} else {
  writeFileSync(`${path}.tmp`, text)
  renameSync(`${path}.tmp`, path)
  console.log(`\n${committed === text ? 'Unchanged' : 'Wrote'} ${name}.`)
}

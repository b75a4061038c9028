/**
 * `npm run bench [-- NAME...]`: the budgets of the design, measured on this machine in the real thing.
 * Prints one line a figure; exits 1 when one is over its budget. What cannot be measured here is
 * printed as `skipped: reason`.
 */
import { readdirSync } from 'node:fs'
import { line, Skip } from './bench/measure.mjs'

/** @typedef {import('./bench/measure.mjs').Figure} Figure */
/** @typedef {{ title: string, run: (log: (message: string) => void) => Promise<Figure[]> }} Bench */

const folder = new URL('bench/', import.meta.url)
const names = readdirSync(folder)
  .filter((file) => file.endsWith('.bench.mjs'))
  .map((file) => file.replace('.bench.mjs', ''))
  .sort()

const asked = process.argv.slice(2)
const unknown = asked.filter((name) => !names.includes(name))
if (unknown.length > 0) {
  console.error(`no benchmark ${unknown.join(', ')}: there are ${names.join(', ')}`)
  process.exit(2)
}

for (const name of asked.length > 0 ? asked : names) {
  const { title, run } = /** @type {Bench} */ (await import(new URL(`${name}.bench.mjs`, folder).href))
  console.log(`${name}: ${title}`)
  try {
    for (const figure of await run((message) => console.error(`  ${message}`))) {
      console.log(`  ${line(figure)}`)
      if (figure.value > figure.budget) process.exitCode = 1
    }
  } catch (error) {
    if (!(error instanceof Skip)) throw error
    console.log(`  skipped: ${error.message}`)
  }
}

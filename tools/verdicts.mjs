// npm run verdicts             explores every cell of docs/vmemmap-verdicts.md anew and writes the page
// npm run verdicts -- --check  fails when the committed page is not what a fresh run gives
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { relative, resolve } from 'node:path'
import { format, resolveConfig } from 'prettier'
import { runnerImport } from 'vite'

const root = resolve(import.meta.dirname, '..')
const path = resolve(root, 'docs/vmemmap-verdicts.md')
const asked = process.argv.slice(2)
const unknown = asked.find((argument) => argument !== '--check')
if (unknown !== undefined) {
  console.error(`Unknown argument '${unknown}'. Usage: npm run verdicts [-- --check]`)
  process.exit(2)
}

const { module } = await runnerImport('./tools/verdicts/document.ts', {
  root,
  configFile: false,
  logLevel: 'error'
})
const { text, compared } = module.verdictsPage()
for (const { cell, level, content, ours } of module.unexplained(compared))
  console.error(
    `${cell.sequence}, FEAT_BBM ${level}, ${content}, ${cell.actor}: the reference says ${cell.said}, we find ${ours.verdict} ${ours.hazards.join(' ')}`
  )
const equal = compared.filter((/** @type {{ equal: boolean }} */ each) => each.equal).length
console.log(`${compared.length} cells of the reference: ${equal} equal, ${compared.length - equal} differ.`)
if (module.unexplained(compared).length > 0) process.exit(1)

const page = await format(text, { ...(await resolveConfig(path)), filepath: path })
const committed = existsSync(path) ? readFileSync(path, 'utf8') : undefined
const name = relative(root, path)
if (!asked.includes('--check')) {
  writeFileSync(`${path}.tmp`, page)
  renameSync(`${path}.tmp`, path)
  console.log(`${committed === page ? 'Unchanged' : 'Wrote'} ${name}.`)
} else if (committed === page) console.log(`${name} is what a fresh run gives.`)
else {
  console.error(`${name} is not what a fresh run gives. Run: npm run verdicts`)
  process.exit(1)
}

#!/usr/bin/env node
// The command line from a checkout: builds what is stale (talking on stderr only), then runs the built CLI.
import { ensureBuilt } from '../build.mjs'

try {
  await ensureBuilt({ targets: ['node'], log: (line) => process.stderr.write(`${line}\n`) })
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exit(3)
}
// npm runs its scripts in the package's folder; file names are meant from where the user stands.
if (process.env.npm_lifecycle_event === 'lab' && process.env.INIT_CWD) process.chdir(process.env.INIT_CWD)
await import(new URL('../../out/main/cli.js', import.meta.url).href)

/**
 * Builds one section into a folder of its own: `node tools/build/section.mjs SECTION OUT_DIR`.
 * A process by itself, because electron-vite sets NODE_ENV and both it and Vite write to stdout.
 */
import { build } from 'vite'
import { resolveConfig } from 'electron-vite'
import { root, SECTIONS } from './inputs.mjs'

const [name, outDir] = process.argv.slice(2)
const section = SECTIONS.find((known) => known === name)
if (!section || !outDir) throw new Error('usage: section.mjs main|preload|renderer OUT_DIR')

// electron-vite's presets resolve from the working directory.
process.chdir(root)
const { config } = await resolveConfig({ root, logLevel: 'warn', build: { outDir } }, 'build', 'production')
const chosen = config?.[section]
if (!chosen) throw new Error(`electron.vite.config.ts has no section ${section}`)
try {
  await build({
    ...chosen,
    build: { ...chosen.build, watch: null, emptyOutDir: true, chunkSizeWarningLimit: 10_000 }
  })
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
}

import { resolve } from 'node:path'
import { defineConfig } from 'electron-vite'
import vue from '@vitejs/plugin-vue'
import { engineHash } from './tools/vite-engine-hash.mjs'

const at = (path: string) => resolve(import.meta.dirname, path)

export default defineConfig({
  main: {
    plugins: [engineHash()],
    build: {
      rollupOptions: {
        input: {
          index: at('src/main/index.ts'),
          simulator: at('src/simulator/index.ts'),
          job: at('src/simulator/job.ts'),
          check: at('src/simulator/check.ts'),
          trace: at('src/simulator/trace.ts'),
          server: at('src/server/index.ts'),
          cli: at('src/cli/index.ts')
        }
      }
    }
  },
  preload: {
    build: {
      // A sandboxed preload can require nothing but `electron`: everything else is bundled in.
      externalizeDeps: false,
      rollupOptions: {
        input: { index: at('src/preload/index.ts') },
        output: { format: 'cjs', entryFileNames: '[name].cjs' }
      }
    }
  },
  renderer: {
    root: at('src/renderer'),
    base: './',
    plugins: [vue()],
    worker: { format: 'es' },
    build: {
      minify: true,
      rollupOptions: { input: { index: at('src/renderer/index.html') } }
    }
  }
})

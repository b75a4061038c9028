import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'
import vue from '@vitejs/plugin-vue'
import { engineHash } from './tools/vite-engine-hash.mjs'

/** Rooms whose modules keep nothing between tests: a worker loads them once for all their files. */
const PURE = ['src/engine/**', 'src/protocol/**', 'src/renderer/**']

/** What needs modules of its own all the same: a registry that must be empty, another's module replaced. */
const OWN_MODULES = ['src/renderer/commands/registry.test.ts', 'src/renderer/stores/stores.test.ts']

export default defineConfig({
  plugins: [engineHash(), vue()],
  test: {
    testTimeout: 30_000,
    // One a CPU: Vitest leaves one CPU to itself, which on two is half of the machine.
    maxWorkers: availableParallelism(),
    projects: [
      {
        extends: true,
        test: {
          name: 'pure',
          include: PURE.map((room) => `${room}/*.test.ts`),
          exclude: OWN_MODULES,
          isolate: false
        }
      },
      { extends: true, test: { name: 'own modules', include: OWN_MODULES } },
      {
        extends: true,
        test: { name: 'isolated', include: ['src/**/*.test.ts', 'tools/**/*.test.ts'], exclude: PURE }
      }
    ]
  }
})

import { defineConfig } from 'vitest/config'
import vue from '@vitejs/plugin-vue'
import { engineHash } from './tools/vite-engine-hash.mjs'

export default defineConfig({
  plugins: [engineHash(), vue()],
  test: {
    include: ['src/**/*.test.ts', 'tools/**/*.test.ts'],
    testTimeout: 30_000
  }
})

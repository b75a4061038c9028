import { defineConfig } from '@playwright/test'
import { CHROMIUM_ARGS, findChromium } from './tools/test/browser.mjs'

const executablePath = await findChromium()
const isRoot = process.getuid?.() === 0

/** Names resolve to nothing but this machine: whatever asks for the network is seen to fail. */
const OFFLINE = '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost'

/**
 * One set of specs, two shells. `e2e/*.spec.ts` run in both; `e2e/web/` and `e2e/electron/` hold what
 * only one of them has. Without an Electron binary its project is skipped, each test with the reason.
 */
export default defineConfig({
  testDir: 'e2e',
  outputDir: 'test-results/e2e',
  // For a slow machine with other work to do; what must be quick has a budget of its own in its test.
  timeout: 300_000,
  expect: { timeout: 45_000 },
  forbidOnly: true,
  // On a shared machine up to twice more; what needed it is listed as flaky.
  retries: process.env.CI ? 2 : 0,
  workers: 2,
  fullyParallel: true,
  reporter: 'list',
  use: {
    viewport: { width: 1440, height: 900 },
    actionTimeout: 45_000,
    screenshot: 'only-on-failure'
  },
  projects: [
    {
      name: 'web',
      testIgnore: 'electron/**',
      use: {
        browserName: 'chromium',
        // As root Chromium refuses its sandbox. Tests only: the product never asks for this.
        launchOptions: { executablePath, chromiumSandbox: !isRoot, args: [...CHROMIUM_ARGS, OFFLINE] },
        permissions: ['clipboard-read', 'clipboard-write']
      }
    },
    { name: 'electron', testIgnore: 'web/**' }
  ]
})

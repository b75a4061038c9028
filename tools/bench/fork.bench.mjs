import { rmSync } from 'node:fs'
import { againstAnchor } from './anchor.mjs'
import { scratch } from './bundle.mjs'

export const title =
  'fork of 1 GiB in 64K folios, counting only, against a plain C loop with the same bookkeeping'

const PAGES = 2 ** 30 / 4096
const BUDGET = 1.5
/** Each against an anchor that starts from the same entries. */
const KERNELS = ['linux-6.12', 'contpte-v2', 'no-contpte']

/** @returns {Promise<import('./measure.mjs').Figure[]>} */
export async function run() {
  const folder = scratch()
  try {
    return await againstAnchor({ name: 'fork', folder, kernels: KERNELS, pages: PAGES, budget: BUDGET })
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

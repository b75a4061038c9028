import { rmSync } from 'node:fs'
import { againstAnchor } from './anchor.mjs'
import { scratch } from './bundle.mjs'

export const title =
  'exit of 1 GiB in 64K folios, counting only, against a plain C loop with the same bookkeeping'

const PAGES = 2 ** 30 / 4096
const BUDGET = 1.5
/** The anchor queues as the design does: folio by folio in linux-6.12, page by page in the others. */
const KERNELS = ['linux-6.12', 'contpte-v2', 'contpte-v3', 'no-contpte']

/** @returns {Promise<import('./measure.mjs').Figure[]>} */
export async function run() {
  const folder = scratch()
  try {
    return await againstAnchor({ name: 'exit', folder, kernels: KERNELS, pages: PAGES, budget: BUDGET })
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

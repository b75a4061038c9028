/** What `npm run bench -- memory` maps: 1 GiB (or less) in 64K folios, in a world of its own. */
import { fixture, type Fixture } from '../../src/engine/check/fixture'

const FOLIO_ORDER = 4

/** A world with one VMA of `pages` pages, empty or filled with 64K folios. */
export function mappedWorld(kernel: string, pages: number, filled: boolean): Fixture {
  return fixture({ kernel, pages, order: filled ? FOLIO_ORDER : -1 })
}

import { AxeBuilder } from '@axe-core/playwright'
import type { Locator } from '@playwright/test'

const STANDARDS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']

/**
 * What axe finds against WCAG 2.2 AA in an element and all that is in it, in words. To look at the whole
 * page takes seconds: a spec does so once, and after that at what it changed. There are no frames of other
 * origins: what is found is put together in the page, not in a page of its own.
 * @param rules only these, where no others can have changed
 */
export async function violations(within: Locator, rules?: string): Promise<string[]> {
  const id = await within.evaluate((element) => (element.id ||= 'looked-at'))
  const axe = new AxeBuilder({ page: within.page() }).setLegacyMode().include(`[id="${id}"]`)
  const found = await (rules ? axe.withRules(rules) : axe.withTags(STANDARDS)).analyze()
  return found.violations.flatMap(({ id, nodes }) =>
    nodes.map(({ target, failureSummary }) => `${id} ${target} ${failureSummary}`)
  )
}

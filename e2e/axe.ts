import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { type Locator, type Page, expect } from '@playwright/test'
import type { AxeResults, RunOptions } from 'axe-core'

const STANDARDS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']
const source = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

declare global {
  interface Window {
    axe?: { run(at: Node, options: RunOptions): Promise<AxeResults> }
  }
}

/**
 * What axe finds against WCAG 2.2 AA in a page, or in an element and all that is in it, in words. To look
 * at a whole page takes its time: a spec does so where everything is new, else at what it changed.
 * @param rules only these, where no others can have changed
 */
export async function violations(at: Page | Locator, rules?: readonly string[]): Promise<string[]> {
  const element = 'goto' in at ? at.locator('html') : at
  const page = element.page()
  if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(source)
  const options: RunOptions = {
    runOnly: rules ? { type: 'rule', values: [...rules] } : { type: 'tag', values: STANDARDS },
    resultTypes: ['violations']
  }
  const found = await element.evaluate(
    (node, how) => window.axe!.run(node === document.documentElement ? document : node, how),
    options
  )
  return found.violations.flatMap(({ id, nodes }) =>
    nodes.map(({ target, failureSummary }) => `${id} ${target} ${failureSummary}`)
  )
}

type Media = NonNullable<Parameters<Page['emulateMedia']>[0]>

/** What the system asks for, and the theme that follows it. */
const THEMES: Readonly<Record<string, Media>> = {
  dark: { colorScheme: 'dark', contrast: 'no-preference' },
  light: { colorScheme: 'light', contrast: 'no-preference' },
  'hc-dark': { colorScheme: 'dark', contrast: 'more' },
  'hc-light': { colorScheme: 'light', contrast: 'more' }
}

/**
 * What axe finds in each theme, while the app follows the system: the first time all of it, then colours,
 * which is all that a theme changes. High contrast is 7:1.
 */
export async function violationsInThemes(
  at: Page | Locator,
  themes: readonly string[] = ['dark', 'light']
): Promise<string[]> {
  const page = 'goto' in at ? at : at.page()
  const found: string[] = []
  for (const [index, theme] of themes.entries()) {
    await page.emulateMedia(THEMES[theme])
    await expect(page.locator('html')).toHaveAttribute('data-theme', theme)
    const colours = theme.startsWith('hc') ? 'color-contrast-enhanced' : 'color-contrast'
    const here = await violations(at, index === 0 ? undefined : [colours])
    found.push(...here.map((violation) => `${theme}: ${violation}`))
  }
  await page.emulateMedia({ colorScheme: null, contrast: null })
  return found
}

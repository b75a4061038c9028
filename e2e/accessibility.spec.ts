import type { Locator, Page } from '@playwright/test'
import { violationsInThemes } from './axe'
import { expect, test } from './fixtures'
import { FAILING, HOSTILE } from './scripts'
import { Stepper } from './stepper'
import { CHARTED, TWO_CPUS } from './stepping-scripts'

const PANELS = ['Verdicts', 'Table', 'Chart', 'Console', 'Problems', 'Fork', 'Runs']
const THEMES = ['dark', 'light', 'hc-dark', 'hc-light']

test.describe('WCAG 2.2 AA', () => {
  test.describe.configure({ mode: 'serial', timeout: 600_000 })
  test.use({ together: 'axe' })

  test('ux 84: no violation in any theme', async ({ lab }) => {
    const found: Record<string, string[]> = {}
    const look = async (screen: string, at: Page | Locator) => {
      found[screen] = await violationsInThemes(at, THEMES)
    }
    const everything = lab.page
    await look('first start', everything)
    await lab.write(CHARTED)
    await lab.run()
    await look('after a run', everything)
    for (const panel of PANELS) {
      await lab.panel(panel)
      await look(panel, lab.shown(panel))
    }
    for (const dialog of [
      'Settings',
      'About contpte-lab',
      'Keyboard shortcuts',
      'Open log',
      'Open experiment'
    ]) {
      await lab.command(dialog)
      await expect(lab.page.getByRole('dialog')).toBeVisible()
      await look(dialog, lab.page.getByRole('dialog'))
      await lab.press('Escape')
      await expect(lab.page.getByRole('dialog')).toHaveCount(0)
    }
    await lab.press('F1')
    await look('palette', lab.page.getByRole('dialog'))
    await lab.press('Escape')
    await lab.write(HOSTILE.at(-1)!.text)
    await lab.run()
    await lab.panel('Problems')
    await look('problems with an error', everything)
    await lab.write(FAILING)
    await lab.run()
    await lab.panel('Verdicts')
    await look('a failing verdict', lab.shown('Verdicts'))
    const none = Object.fromEntries(Object.keys(found).map((screen) => [screen, []]))
    expect(found).toEqual(none)
  })

  test('ux 84: no violation in the panels that step, dark and light', async ({ lab }) => {
    const stepper = new Stepper(lab)
    await stepper.open(TWO_CPUS)
    await stepper.goTo(60)
    for (const panel of ['Fork', 'Page tables & TLB']) {
      await lab.panel(panel)
      await lab.ended()
      expect(await violationsInThemes(lab.page), panel).toEqual([])
    }
  })

  test('ux 94: a chosen theme is kept against the system, until it follows the system again', async ({
    lab
  }) => {
    const shown = lab.page.locator('html')
    await lab.page.emulateMedia({ colorScheme: 'dark' })
    for (const [command, theme] of [
      ['light', 'light'],
      ['high contrast', 'hc-dark'],
      ['dark', 'dark']
    ]) {
      await lab.command(`Theme: ${command}`)
      await expect(shown).toHaveAttribute('data-theme', theme)
    }
    await lab.page.emulateMedia({ colorScheme: 'light' })
    await expect(shown).toHaveAttribute('data-theme', 'dark')
    await lab.command('Theme: follow the system')
    await expect(shown).toHaveAttribute('data-theme', 'light')
    await lab.page.emulateMedia({ colorScheme: null })
  })
})

test.describe('by keyboard and in words', () => {
  test.describe.configure({ mode: 'serial' })
  test.use({ together: 'written' })

  test('ux 85: Tab leaves the editor after Ctrl+M, and the hint says so', async ({ lab }) => {
    await lab.focusEditor()
    await expect(lab.status).toContainText(/Ctrl\+M/)
    await lab.press('Control+M')
    await expect(lab.status).toContainText(/Tab moves focus/)
    await lab.press('Tab')
    await expect(lab.editor).not.toHaveClass(/focused/)
    const inside = await lab.editor.evaluate((editor) => editor.contains(document.activeElement))
    expect(inside).toBe(false)
    await lab.focusEditor()
    await lab.press('Control+M')
    await expect(lab.status).not.toContainText(/Tab moves focus/)
  })

  test('ux 85: F6 goes round all regions and back', async ({ lab }) => {
    await lab.focusEditor()
    const seen = new Set<string>()
    const where = () =>
      lab.page.evaluate(() => {
        const region = document.activeElement?.closest('[data-region], .dv-groupview')
        const all = [...document.querySelectorAll('[data-region], .dv-groupview')]
        return region ? String(all.indexOf(region)) : 'nowhere'
      })
    const first = await where()
    for (let step = 0; step < 12; step++) {
      await lab.press('F6')
      seen.add(await where())
    }
    expect(seen).not.toContain('nowhere')
    expect(seen).toContain(first)
    expect(seen.size).toBeGreaterThanOrEqual(4)
  })

  test('ux 85: what has the focus shows it', async ({ lab }) => {
    await lab.write(CHARTED)
    await lab.run()
    await lab.press('F6')
    for (let step = 0; step < 25; step++) {
      await lab.press('Tab')
      const { name, visible } = await lab.page.evaluate(() => {
        const element = document.activeElement as HTMLElement
        const drawn = (style: CSSStyleDeclaration) =>
          (style.outlineStyle !== 'none' && Number.parseFloat(style.outlineWidth) > 0) ||
          style.boxShadow !== 'none'
        const marked = [element, ...(element.parentElement ? [element.parentElement] : [])].some(
          (candidate) =>
            drawn(getComputedStyle(candidate)) ||
            drawn(getComputedStyle(candidate, '::after')) ||
            drawn(getComputedStyle(candidate, '::before'))
        )
        const background = getComputedStyle(element, '::after').backgroundColor
        const filled = element.getAttribute('role') === 'separator' && background !== 'rgba(0, 0, 0, 0)'
        const editor = element.closest('.monaco-editor') !== null || element === document.body
        return { name: element.outerHTML.slice(0, 160), visible: marked || filled || editor }
      })
      expect(visible, name).toBe(true)
    }
  })

  test('ux 86: what is drawn has a text equivalent', async ({ lab }) => {
    await lab.write(CHARTED)
    await lab.run()
    await lab.panel('Fork')
    const fork = lab.shown('Fork')
    await expect(fork.getByRole('table').or(fork.getByRole('grid')).first()).toBeVisible()
    await lab.panel('Chart')
    const chart = lab.shown('Chart')
    await expect(chart.locator('svg, canvas').first()).toBeVisible()
    const drawing = chart
      .getByRole('img')
      .or(chart.getByRole('figure'))
      .or(chart.locator('[role=graphics-document]'))
    await expect(drawing.first()).toHaveAccessibleName(/\S+/)
    await chart
      .getByRole('button', { name: /show data/i })
      .first()
      .click()
    await expect(chart.getByRole('table').or(chart.getByRole('grid')).first()).toBeVisible()
  })

  test('ux 87: the polite region says that a run started, how it ended and what it found', async ({
    lab
  }) => {
    await expect(lab.announcement).toHaveAttribute('aria-live', 'polite')
    await lab.write(FAILING)
    const before = await lab.announcement.textContent()
    await lab.run()
    await expect(lab.announcement).not.toHaveText(before ?? '')
    await expect(lab.announcement).toContainText(/1.*(does not hold|fail)/i)
  })

  test('ux 88: every button is at least 24 x 24, and splitters move by keys', async ({ lab }) => {
    await lab.write(CHARTED)
    await lab.run()
    for (const panel of PANELS) {
      await lab.panel(panel)
      const small = await lab.page
        .locator('button:visible, [role=button]:visible, [role=tab]:visible')
        .evaluateAll((buttons) =>
          buttons
            .filter((button) => button.closest('.monaco-editor') === null)
            .map((button) => ({ box: button.getBoundingClientRect(), html: button.outerHTML.slice(0, 120) }))
            .filter(({ box }) => box.width > 0 && (box.width < 23.9 || box.height < 23.9))
            .map(({ box, html }) => `${panel}: ${box.width}x${box.height} ${html}`)
        )
      expect(small).toEqual([])
    }
    const splitter = lab.page.getByRole('separator', { name: 'Width of the experiment list' })
    const before = Number(await splitter.getAttribute('aria-valuenow'))
    await splitter.focus()
    await lab.press('ArrowRight')
    await expect(splitter).not.toHaveAttribute('aria-valuenow', String(before))
  })

  test('ux 91: the focus returns to the same cell of the table after the palette', async ({ lab }) => {
    await lab.write(CHARTED)
    await lab.run()
    await lab.panel('Table')
    const grid = lab.page.getByRole('grid', { name: 'Results', exact: true })
    await grid.getByRole('gridcell').nth(3).click()
    const focused = () => lab.page.evaluate(() => document.activeElement?.outerHTML.slice(0, 200))
    const before = await focused()
    await lab.press('F1')
    await expect(lab.page.getByRole('dialog')).toBeVisible()
    await lab.press('Escape')
    await expect(lab.page.getByRole('dialog')).toHaveCount(0)
    expect(await focused()).toBe(before)
  })
})

import { readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from './fixtures'
import { CHARTED } from './stepping-scripts'

/** A chart whose values are three orders of magnitude apart. */
const FAR_APART = `import { experiment } from 'contpte-lab'

export default experiment({
  title: 'Far apart',
  run({ record }) {
    record('answer', 42, '1')
  },
  conclude({ chart }) {
    chart('Far apart', {
      data: { values: [{ of: 'few', value: 20 }, { of: 'many', value: 20000 }] },
      mark: { type: 'bar', tooltip: true },
      encoding: {
        x: { field: 'of', type: 'nominal', sort: null },
        y: { field: 'value', type: 'quantitative' }
      }
    })
  }
})
`

test.describe('results', () => {
  test.describe.configure({ mode: 'serial' })
  test.use({ together: 'written' })

  test('ux 27: a table is sorted, filtered, narrowed and copied as TSV', async ({ lab }) => {
    await lab.write(CHARTED)
    await lab.run()
    await lab.panel('Table')
    const table = lab.shown('Table')
    const grid = table.getByRole('grid', { name: 'Results', exact: true })
    const kernels = () => grid.getByRole('gridcell', { name: /^contpte-/ }).allInnerTexts()
    const header = grid.getByRole('columnheader', { name: /^kernel/ })
    await header.click()
    await expect(header).toHaveAttribute('aria-sort', 'ascending')
    expect(await kernels()).toEqual(['contpte-unbatched', 'contpte-v2'])
    await header.click()
    await expect(header).toHaveAttribute('aria-sort', 'descending')
    await expect.poll(kernels).toEqual(['contpte-v2', 'contpte-unbatched'])

    // The two cells of the counter, whole lines, as the screen has them.
    await grid.focus()
    await lab.press('ControlOrMeta+a')
    await lab.press('ControlOrMeta+c')
    const copied = () => lab.page.evaluate(() => navigator.clipboard.readText())
    await expect.poll(copied).toMatch(/^contpte-v2\t.*\ncontpte-unbatched\t.*$|^kernel\t.*\ncontpte-v2\t/)

    const filter = table.getByRole('searchbox', { name: 'Filter rows' })
    await filter.fill('kernel:v2')
    await expect.poll(kernels).toEqual(['contpte-v2'])
    await expect(table.getByRole('status')).toHaveText('1 of 2 rows')
    await filter.fill('')
    await table.getByRole('button', { name: 'Arrange' }).click()
    await lab.page.getByRole('menuitemcheckbox', { name: /^unfolds/ }).click()
    await lab.press('Escape')
    await expect(grid.getByRole('columnheader', { name: /^unfolds/ })).toHaveCount(0)
    await expect(header).toBeVisible()
  })

  test('ux 34: a chart has its data, a log scale, a tooltip, and is saved as a picture', async ({ lab }) => {
    await lab.write(FAR_APART)
    await lab.run()
    await lab.panel('Chart')
    const chart = lab.shown('Chart').getByRole('figure', { name: 'Far apart' })
    const marks = chart.locator('.mark-rect.role-mark path')
    await expect(marks).toHaveCount(2)
    await marks.last().hover()
    await expect(lab.page.getByRole('tooltip')).toContainText('many')

    const log = chart.getByRole('button', { name: 'Log scale' })
    const heights = () =>
      marks.evaluateAll((all) => all.map((mark) => Math.round(mark.getBoundingClientRect().height)))
    const [least, most] = await heights()
    expect(least).toBeLessThan(most / 100)
    await log.click()
    await expect(log).toHaveAttribute('aria-pressed', 'true')
    await expect.poll(async () => (await heights())[0]).toBeGreaterThan(5)

    await chart.getByRole('button', { name: 'Show data' }).click()
    await expect(chart.getByRole('grid', { name: 'Data of Far apart' })).toBeVisible()
    const path = join(tmpdir(), `contpte-lab-chart-${process.pid}.svg`)
    await lab.shell.saved(path, async () => {
      await chart.getByRole('button', { name: 'Download' }).click()
      await lab.page.getByRole('menuitem', { name: 'Download SVG' }).click()
    })
    expect(readFileSync(path, 'utf8')).toContain('<svg')
  })
})

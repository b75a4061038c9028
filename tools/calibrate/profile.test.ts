import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { simulatedTime } from '../../src/engine/cost/model'
import { parseCostProfile } from '../../src/engine/cost/profile'
import { COUNTER_NAMES } from '../../src/engine/trace/counters'
import { CALIBRATION_KERNELS, calibrationCounts, engineForkCounts } from './counts'
import { forkFormulas } from './formulas'
import { freshProfile, table } from './main'
import { BASELINE, PUBLISHED } from './published'

const PATH = 'resources/profiles/ampere-altra.json'
const TEXT = readFileSync(new URL(`../../${PATH}`, import.meta.url), 'utf8')
const PROFILE = parseCostProfile(JSON.parse(TEXT))
const { calibration } = PROFILE
const FIGURES = [...Object.entries(PROFILE.costs), ...Object.entries(PROFILE.dvm)]

describe('provenance of ampere-altra', () => {
  it('gives every cost a source, and none is negative', () => {
    expect(FIGURES.length).toBeGreaterThan(10)
    for (const [name, { ns, source }] of FIGURES) {
      expect(ns, name).toBeGreaterThanOrEqual(0)
      expect(source.length, `source of ${name}`).toBeGreaterThan(20)
    }
  })

  it('says of every counter what becomes of it, once', () => {
    for (const name of COUNTER_NAMES) {
      const places = [
        name in PROFILE.costs || name in PROFILE.dvm,
        name in PROFILE.contained,
        name in PROFILE.unmodelled
      ]
      expect(places.filter(Boolean).length, name).toBe(1)
    }
  })

  it('fits at most four figures, all of them named', () => {
    const fitted = FIGURES.filter(([, figure]) => figure.fitted !== undefined)
    expect(fitted.length).toBeLessThanOrEqual(4)
    expect(new Set(fitted.map(([, figure]) => figure.fitted))).toEqual(
      new Set(calibration.parameters.map(({ name }) => name))
    )
  })

  it('knows no kernel: costs are by counter alone', () => {
    for (const kernel of CALIBRATION_KERNELS) {
      expect(JSON.stringify([PROFILE.costs, PROFILE.dvm])).not.toContain(kernel)
    }
  })
})

describe('calibration of ampere-altra', () => {
  it('reports the ten published cells, four of them held out', () => {
    // Ryan Roberts, 16 Nov 2023, #4.
    expect(calibration.cells.map((cell) => cell.published)).toEqual([
      -10.4, -15.4, -38.7, -57.0, -65.8, -5.2, -3.5, -3.7, -4.4, -5.4
    ])
    expect(calibration.cells.filter((cell) => cell.heldOut).map((cell) => cell.cpus)).toEqual([8, 24, 8, 24])
    expect(calibration.fittedOnCpus).toEqual([1, 16, 32])
  })

  it('reports the errors the engine gives', () => {
    const counts = calibrationCounts()
    for (const [index, { kernel, cpus, regression }] of PUBLISHED.entries()) {
      const time = (name: string) => simulatedTime(counts[name], PROFILE, cpus).timeNs
      const error = (time(BASELINE) / time(kernel) - 1) * 100 - regression
      expect(calibration.cells[index]).toMatchObject({ kernel, cpus })
      expect(calibration.cells[index].error, `${kernel} at ${cpus}`).toBeCloseTo(error, 1)
    }
    expect(calibration.worst).toBe(Math.max(...calibration.cells.map((cell) => Math.abs(cell.error))))
  })

  it('meets every cell within 3 points', () => {
    for (const { kernel, cpus, error } of calibration.cells) {
      expect(Math.abs(error), `${kernel} at ${cpus}`).toBeLessThanOrEqual(3)
    }
  })

  it('is what a fresh fit gives, byte for byte', async () => {
    const { text, profile } = await freshProfile(PATH)
    expect(text).toBe(TEXT)
    expect(table(profile)).toContain('held out')
  })
})

describe('counts of the engine', () => {
  it.each(CALIBRATION_KERNELS)('follow the formulae of the reference: %s', (kernel) => {
    for (const pages of [16, 512, 262144]) {
      const counted = engineForkCounts(kernel, pages * 4096)
      for (const [name, expected] of Object.entries(forkFormulas(kernel, pages))) {
        const slot = COUNTER_NAMES.findIndex((counter) => counter === name)
        expect(counted[slot], `${name} of ${pages} pages`).toBe(expected)
      }
    }
  })
})

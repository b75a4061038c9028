import { fc, test } from '@fast-check/vitest'
import { describe, expect, it } from 'vitest'
import { DEFAULT_SETTINGS } from '../stores/settings'
import { readWindowState } from './state'

describe('readWindowState', () => {
  it('gives the defaults for nothing', () => {
    expect(readWindowState(undefined)).toMatchObject({
      settings: DEFAULT_SETTINGS,
      preset: 'write',
      open: []
    })
  })

  it('keeps what is good and takes the default for what is not', () => {
    const { settings, preset } = readWindowState({
      settings: { theme: 'light', editorFontSize: 900, seed: -1, limits: { memoryBytes: 64 * 2 ** 20 } },
      preset: 'nonsense'
    })
    expect(settings).toMatchObject({ theme: 'light', editorFontSize: 12.5, seed: 1 })
    expect(settings.limits).toMatchObject({ memoryBytes: 64 * 2 ** 20, scriptMs: 10_000 })
    expect(preset).toBe('write')
  })

  test.prop([fc.anything()])('never throws, and always gives a whole state', (stored) => {
    const state = readWindowState(stored)
    expect(Object.keys(state.settings).sort()).toEqual(Object.keys(DEFAULT_SETTINGS).sort())
  })
})

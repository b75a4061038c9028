import { describe, expect, it } from 'vitest'
import { contrast } from './contrast'
import { GRAPHIC_PAIRS, TEXT_PAIRS, THEMES, TOKEN_NAMES, type ThemeName } from './tokens'

describe('contrast', () => {
  it('follows WCAG on its known values', () => {
    expect(contrast('#000000', '#ffffff')).toBeCloseTo(21, 5)
    expect(contrast('#777777', '#ffffff')).toBeCloseTo(4.48, 2)
  })
})

describe.each(Object.keys(THEMES) as ThemeName[])('theme %s', (name) => {
  const theme = THEMES[name]
  const least = name.startsWith('hc') ? 7 : 4.5

  it.each(TEXT_PAIRS)(`%s on %s is at least ${least}:1`, (ink, fill) => {
    expect(contrast(theme[ink], theme[fill])).toBeGreaterThanOrEqual(least)
  })

  it.each(GRAPHIC_PAIRS)('%s on %s is at least 3:1', (graphic, fill) => {
    expect(contrast(theme[graphic], theme[fill])).toBeGreaterThanOrEqual(3)
  })

  it('keeps the colour of a step for steps alone', () => {
    const same = TOKEN_NAMES.filter((token) => token !== 'step' && theme[token] === theme.step)
    expect(same).toEqual([])
  })
})

/**
 * Every colour of the window, once. Components use them as CSS variables (`surface` is `--surface`),
 * Monaco's and Vega's themes are made from the same values. `pairs` below says which colours meet, and
 * a test holds each text to 4.5:1 (7:1 in high contrast) and each graphic to 3:1.
 */

export const TOKEN_NAMES = [
  // surfaces
  'surface',
  'raised',
  'sunken',
  'hover',
  'selected',
  'line',
  'control-line',
  // text
  'text',
  'dim',
  // meaning
  'accent',
  'accent-fill',
  'on-accent',
  'focus',
  'good',
  'bad',
  'warn',
  'step',
  'contframe',
  // fills of entry cells, and the letter on them
  'fill-writable',
  'on-writable',
  'fill-readonly',
  'on-readonly',
  'fill-swap',
  'on-swap',
  'fill-none',
  'on-none',
  'none-line',
  'fill-marker',
  'on-marker',
  // script colours
  'code-keyword',
  'code-string',
  'code-number',
  'code-comment',
  'code-type',
  'code-selection',
  'scrim'
] as const

export type TokenName = (typeof TOKEN_NAMES)[number]
export type Tokens = Readonly<Record<TokenName, string>>

export type ThemeName = 'dark' | 'light' | 'hc-dark' | 'hc-light'

const dark: Tokens = {
  surface: '#1d2026',
  raised: '#272b33',
  sunken: '#191c21',
  hover: '#2b303a',
  selected: '#272b33',
  line: '#383e49',
  'control-line': '#717a8a',
  text: '#e6e8ec',
  dim: '#a3abb9',
  accent: '#6cb6ff',
  'accent-fill': '#6cb6ff',
  'on-accent': '#0d1b2a',
  focus: '#9fd0ff',
  good: '#5fd0a0',
  bad: '#ff8f70',
  warn: '#e8c468',
  step: '#ff7ad9',
  contframe: '#e8c468',
  'fill-writable': '#2f6fb5',
  'on-writable': '#ffffff',
  'fill-readonly': '#3b4454',
  'on-readonly': '#e6e8ec',
  'fill-swap': '#7d57a3',
  'on-swap': '#ffffff',
  'fill-none': '#1d2026',
  'on-none': '#a3abb9',
  'none-line': '#717a8a',
  'fill-marker': '#7d651b',
  'on-marker': '#ffffff',
  'code-keyword': '#c79bff',
  'code-string': '#98d982',
  'code-number': '#f2a65e',
  'code-comment': '#97a1b0',
  'code-type': '#6fc9d8',
  'code-selection': '#2c4a6b',
  scrim: '#0a0c10a6'
}

const light: Tokens = {
  surface: '#ffffff',
  raised: '#f5f7f8',
  sunken: '#f8f9fb',
  hover: '#eceff3',
  selected: '#f0f3f7',
  line: '#d4d9e0',
  'control-line': '#7c8593',
  text: '#1c2129',
  dim: '#565f6e',
  accent: '#0b62b8',
  'accent-fill': '#0b62b8',
  'on-accent': '#ffffff',
  focus: '#0b62b8',
  good: '#0a7a4d',
  bad: '#b83a15',
  warn: '#7a5a00',
  step: '#b5179e',
  contframe: '#8f6b00',
  'fill-writable': '#8ec1f0',
  'on-writable': '#0c1e30',
  'fill-readonly': '#dbdfe7',
  'on-readonly': '#1c2129',
  'fill-swap': '#d2bbea',
  'on-swap': '#2a1640',
  'fill-none': '#ffffff',
  'on-none': '#565f6e',
  'none-line': '#7c8593',
  'fill-marker': '#f0d488',
  'on-marker': '#2b2000',
  'code-keyword': '#7a28c7',
  'code-string': '#1d6b1a',
  'code-number': '#a34700',
  'code-comment': '#5f6875',
  'code-type': '#0b6876',
  'code-selection': '#c5def7',
  scrim: '#1c212966'
}

const hcDark: Tokens = {
  surface: '#000000',
  raised: '#0c0c0c',
  sunken: '#000000',
  hover: '#262626',
  selected: '#1c1c1c',
  line: '#8a8a8a',
  'control-line': '#d6d6d6',
  text: '#ffffff',
  dim: '#d6d6d6',
  accent: '#7cc4ff',
  'accent-fill': '#7cc4ff',
  'on-accent': '#000000',
  focus: '#ffe14d',
  good: '#6ff0b5',
  bad: '#ffa98f',
  warn: '#ffd966',
  step: '#ff8fe3',
  contframe: '#ffd966',
  'fill-writable': '#0f4f94',
  'on-writable': '#ffffff',
  'fill-readonly': '#333a45',
  'on-readonly': '#ffffff',
  'fill-swap': '#5d3585',
  'on-swap': '#ffffff',
  'fill-none': '#000000',
  'on-none': '#d6d6d6',
  'none-line': '#d6d6d6',
  'fill-marker': '#5c4700',
  'on-marker': '#ffffff',
  'code-keyword': '#d9b8ff',
  'code-string': '#a8f08e',
  'code-number': '#ffbd80',
  'code-comment': '#c4c4c4',
  'code-type': '#8ae4f2',
  'code-selection': '#1b4a80',
  scrim: '#000000c0'
}

const hcLight: Tokens = {
  surface: '#ffffff',
  raised: '#ffffff',
  sunken: '#ffffff',
  hover: '#e6e6e6',
  selected: '#eeeeee',
  line: '#6b6b6b',
  'control-line': '#333333',
  text: '#000000',
  dim: '#303030',
  accent: '#003f80',
  'accent-fill': '#003f80',
  'on-accent': '#ffffff',
  focus: '#8a2be2',
  good: '#004d2e',
  bad: '#7d1d00',
  warn: '#4d3800',
  step: '#8c0078',
  contframe: '#5c4400',
  'fill-writable': '#a8d2fa',
  'on-writable': '#000000',
  'fill-readonly': '#e0e0e0',
  'on-readonly': '#000000',
  'fill-swap': '#e2d0f5',
  'on-swap': '#000000',
  'fill-none': '#ffffff',
  'on-none': '#303030',
  'none-line': '#333333',
  'fill-marker': '#ffe9a8',
  'on-marker': '#000000',
  'code-keyword': '#4b0d8a',
  'code-string': '#0c4d0a',
  'code-number': '#6b2d00',
  'code-comment': '#404040',
  'code-type': '#004450',
  'code-selection': '#b3d7ff',
  scrim: '#00000080'
}

export const THEMES: Readonly<Record<ThemeName, Tokens>> = {
  dark,
  light,
  'hc-dark': hcDark,
  'hc-light': hcLight
}

/** Text on fill: 4.5:1, and 7:1 in the high-contrast themes. */
export const TEXT_PAIRS: readonly (readonly [TokenName, TokenName])[] = [
  ...(['surface', 'raised', 'sunken', 'hover', 'selected'] as const).flatMap((fill) =>
    (['text', 'dim', 'accent', 'good', 'bad', 'warn'] as const).map((ink) => [ink, fill] as const)
  ),
  ['on-accent', 'accent-fill'],
  ['on-writable', 'fill-writable'],
  ['on-readonly', 'fill-readonly'],
  ['on-swap', 'fill-swap'],
  ['on-none', 'fill-none'],
  ['on-marker', 'fill-marker'],
  ['code-keyword', 'surface'],
  ['code-string', 'surface'],
  ['code-number', 'surface'],
  ['code-comment', 'surface'],
  ['code-type', 'surface'],
  ['text', 'code-selection']
]

/** Graphics on fill: 3:1. */
export const GRAPHIC_PAIRS: readonly (readonly [TokenName, TokenName])[] = [
  ['control-line', 'surface'],
  ['control-line', 'raised'],
  ['none-line', 'surface'],
  ['focus', 'surface'],
  ['focus', 'raised'],
  ['step', 'surface'],
  ['contframe', 'surface'],
  ['accent', 'surface'],
  ['good', 'surface'],
  ['bad', 'surface'],
  ['warn', 'surface']
]

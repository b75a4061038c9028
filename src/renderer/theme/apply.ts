import { THEMES, TOKEN_NAMES, type ThemeName } from './tokens'

/** Where `early-theme.js` finds the scheme of the last window. */
const SCHEME_KEY = 'contpte-lab.scheme'

/** Puts a theme's colours on the document as CSS variables; everything drawn after uses them. */
export function applyTheme(name: ThemeName, root: HTMLElement = document.documentElement): void {
  const theme = THEMES[name]
  for (const token of TOKEN_NAMES) root.style.setProperty(`--${token}`, theme[token])
  const scheme = name === 'light' || name === 'hc-light' ? 'light' : 'dark'
  root.dataset.theme = name
  root.style.colorScheme = scheme
  try {
    localStorage.setItem(SCHEME_KEY, scheme)
  } catch {
    // Storage may be off; only the first paint of the next window could flash.
  }
}

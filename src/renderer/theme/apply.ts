import { THEMES, TOKEN_NAMES, type ThemeName } from './tokens'

/** Puts a theme's colours on the document as CSS variables; everything drawn after uses them. */
export function applyTheme(name: ThemeName, root: HTMLElement = document.documentElement): void {
  const theme = THEMES[name]
  for (const token of TOKEN_NAMES) root.style.setProperty(`--${token}`, theme[token])
  root.dataset.theme = name
  root.style.colorScheme = name.endsWith('dark') ? 'dark' : 'light'
}

import type { editor } from 'monaco-editor'
import { THEMES, type ThemeName, type TokenName } from '../theme/tokens'

const BASES: Readonly<Record<ThemeName, editor.BuiltinTheme>> = {
  dark: 'vs-dark',
  light: 'vs',
  'hc-dark': 'hc-black',
  'hc-light': 'hc-light'
}

const COLOURS: readonly (readonly [string, TokenName])[] = [
  ['editor.background', 'surface'],
  ['editor.foreground', 'text'],
  ['editorLineNumber.foreground', 'dim'],
  ['editorLineNumber.activeForeground', 'text'],
  ['editorCursor.foreground', 'accent'],
  ['editor.selectionBackground', 'code-selection'],
  ['editor.inactiveSelectionBackground', 'hover'],
  ['editor.lineHighlightBackground', 'sunken'],
  ['editor.lineHighlightBorder', 'sunken'],
  ['editor.wordHighlightBackground', 'hover'],
  ['editor.wordHighlightStrongBackground', 'hover'],
  ['editor.wordHighlightTextBackground', 'hover'],
  ['editorBracketMatch.background', 'hover'],
  ['editorBracketMatch.border', 'control-line'],
  ['editorOverviewRuler.errorForeground', 'bad'],
  ['editorOverviewRuler.warningForeground', 'warn'],
  ['editor.findMatchBackground', 'code-selection'],
  ['editorWidget.background', 'raised'],
  ['editorWidget.foreground', 'text'],
  ['editorWidget.border', 'line'],
  ['editorHoverWidget.background', 'raised'],
  ['editorHoverWidget.foreground', 'text'],
  ['editorHoverWidget.border', 'line'],
  ['editorSuggestWidget.background', 'raised'],
  ['editorSuggestWidget.foreground', 'text'],
  ['editorSuggestWidget.border', 'line'],
  ['editorSuggestWidget.selectedBackground', 'hover'],
  ['editorSuggestWidget.selectedForeground', 'text'],
  ['editorSuggestWidget.highlightForeground', 'accent'],
  ['editorSuggestWidget.focusHighlightForeground', 'accent'],
  ['list.hoverBackground', 'hover'],
  ['list.focusBackground', 'hover'],
  ['editorError.foreground', 'bad'],
  ['editorWarning.foreground', 'warn'],
  ['editorInfo.foreground', 'accent'],
  ['focusBorder', 'focus'],
  ['input.background', 'surface'],
  ['input.foreground', 'text'],
  ['input.border', 'control-line'],
  ['textLink.foreground', 'accent'],
  ['editorBracketHighlight.foreground1', 'text'],
  ['editorBracketHighlight.foreground2', 'text'],
  ['editorBracketHighlight.foreground3', 'text'],
  ['editorIndentGuide.background1', 'line'],
  ['editorOverviewRuler.border', 'surface'],
  ['scrollbar.shadow', 'surface'],
  ['widget.shadow', 'scrim']
]

const RULES: readonly (readonly [string, TokenName])[] = [
  ['', 'text'],
  ['keyword', 'code-keyword'],
  ['string', 'code-string'],
  ['string.escape', 'code-number'],
  ['regexp', 'code-string'],
  ['number', 'code-number'],
  ['comment', 'code-comment'],
  ['comment.doc', 'code-comment'],
  ['type', 'code-type'],
  ['type.identifier', 'code-type'],
  ['identifier', 'text'],
  ['delimiter', 'text'],
  ['delimiter.bracket', 'text'],
  ['delimiter.parenthesis', 'text']
]

/** Monaco's theme, made from our tokens and nothing else. */
export function monacoTheme(name: ThemeName): editor.IStandaloneThemeData {
  const tokens = THEMES[name]
  return {
    base: BASES[name],
    inherit: true,
    colors: Object.fromEntries(COLOURS.map(([colour, token]) => [colour, tokens[token]])),
    rules: RULES.map(([token, colour]) => ({ token, foreground: tokens[colour].slice(1) }))
  }
}

import { matchKeyBindingPress, parseKeybinding } from 'tinykeys'

/** Whether keys are shown and read as on macOS. */
export const isMac = (): boolean =>
  typeof navigator !== 'undefined' && /mac|iphone|ipad/i.test(navigator.platform || navigator.userAgent)

/** The editor's key that lets Tab leave it; on macOS Ctrl+M alone is taken. */
export const tabTrapKey = (mac: boolean = isMac()): string => (mac ? 'Ctrl+Shift+M' : 'Ctrl+M')

const MAC_SIGNS: Readonly<Record<string, string>> = { Mod: '⌘', Shift: '⇧', Alt: '⌥', Ctrl: '⌃' }
const NAMES: Readonly<Record<string, string>> = {
  Comma: ',',
  ArrowLeft: '←',
  ArrowRight: '→',
  ArrowUp: '↑',
  ArrowDown: '↓',
  BracketLeft: '[',
  BracketRight: ']',
  Escape: 'Esc'
}

/** A key as people read it: `Mod+Shift+P` is `Ctrl+Shift+P`, or `⌘⇧P` on macOS. */
export function displayKey(key: string, mac: boolean = isMac()): string {
  return key
    .split('+')
    .map(
      (part) =>
        (mac ? MAC_SIGNS[part] : part === 'Mod' ? 'Ctrl' : undefined) ??
        NAMES[part] ??
        part.replace(/^Key(?=[A-Z]$)/, '')
    )
    .join(mac ? '' : '+')
}

/** A key for `aria-keyshortcuts`: `Mod+Enter` is `Control+Enter`, or `Meta+Enter` on macOS. */
export function ariaKey(key: string, mac: boolean = isMac()): string {
  const names: Readonly<Record<string, string>> = {
    Mod: mac ? 'Meta' : 'Control',
    Ctrl: 'Control',
    Comma: ','
  }
  return key
    .split('+')
    .map((part) => names[part] ?? part.replace(/^Key(?=[A-Z]$)/, ''))
    .join('+')
}

/**
 * Whether an event is that key. A lone sign such as `?` is compared as typed, because which modifiers
 * it takes depends on the keyboard.
 */
export function isKey(event: KeyboardEvent, key: string): boolean {
  if (key.length === 1 && !/[a-z0-9]/i.test(key)) {
    return event.key === key && !event.ctrlKey && !event.metaKey && !event.altKey
  }
  const notation = key.replace(/\bMod\b/, '$mod').replace(/\bCtrl\b/, 'Control')
  const [press] = parseKeybinding(notation)
  return matchKeyBindingPress(event, press)
}

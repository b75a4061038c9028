const NAMES: Readonly<Record<string, string>> = { Mod: 'CmdOrCtrl', Comma: ',' }

/** A key of the shared list (`Mod+Shift+P`) as Electron writes it (`CmdOrCtrl+Shift+P`). */
export function accelerator(key: string): string {
  return key
    .split('+')
    .map((part) => NAMES[part] ?? part)
    .join('+')
}

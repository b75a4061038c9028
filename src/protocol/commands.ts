/**
 * The commands that a native menu shows, and their keys: one list for the menu, the palette, key help
 * and tooltips. `Mod` is Cmd on macOS and Ctrl elsewhere. What a command does is the page's business:
 * a menu only sends its id (`HostEvent` of type `command`).
 */
export interface CommandEntry {
  readonly id: string
  readonly title: string
  readonly menu: 'File' | 'Run' | 'View' | 'Help'
  /** Keys in the order `Mod+Shift+P`; the first is shown in menus. */
  readonly keys: readonly string[]
}

export const COMMANDS = [
  { id: 'experiment.new', title: 'New experiment', menu: 'File', keys: ['Mod+Alt+N'] },
  { id: 'experiment.open', title: 'Open experiment, run or panel...', menu: 'File', keys: ['Mod+P'] },
  { id: 'experiment.save', title: 'Save', menu: 'File', keys: ['Mod+S'] },
  { id: 'experiment.duplicate', title: 'Duplicate experiment', menu: 'File', keys: [] },
  { id: 'experiment.close', title: 'Close experiment', menu: 'File', keys: [] },
  { id: 'bundle.export', title: 'Export bundle...', menu: 'File', keys: ['Mod+E'] },
  { id: 'run.start', title: 'Run', menu: 'Run', keys: ['Mod+Enter', 'F5'] },
  { id: 'run.cancel', title: 'Cancel run', menu: 'Run', keys: ['Shift+F5'] },
  { id: 'simulator.restart', title: 'Restart simulator', menu: 'Run', keys: [] },
  { id: 'palette.show', title: 'Command palette', menu: 'View', keys: ['Mod+Shift+P', 'F1', 'Mod+K'] },
  { id: 'region.next', title: 'Go to next region', menu: 'View', keys: ['F6'] },
  { id: 'problem.next', title: 'Go to next problem', menu: 'View', keys: ['F8'] },
  { id: 'problem.previous', title: 'Go to previous problem', menu: 'View', keys: ['Shift+F8'] },
  { id: 'layout.write', title: 'Layout: Write', menu: 'View', keys: [] },
  { id: 'layout.step', title: 'Layout: Step', menu: 'View', keys: [] },
  { id: 'layout.compare', title: 'Layout: Compare', menu: 'View', keys: [] },
  { id: 'layout.reset', title: 'Reset layout', menu: 'View', keys: [] },
  { id: 'settings.show', title: 'Settings', menu: 'View', keys: ['Mod+Comma'] },
  { id: 'help.keys', title: 'Keyboard shortcuts', menu: 'Help', keys: ['?'] },
  { id: 'help.log', title: 'Open log', menu: 'Help', keys: [] },
  { id: 'help.about', title: 'About contpte-lab', menu: 'Help', keys: [] }
] as const satisfies readonly CommandEntry[]

export type CommandId = (typeof COMMANDS)[number]['id']

/** The native menu, made from the shared list of commands. */
import { Menu, type MenuItemConstructorOptions } from 'electron'
import { accelerator } from './accelerator'
import { COMMANDS, type CommandEntry } from '../protocol/commands'

function itemsOf(menu: CommandEntry['menu'], run: (id: string) => void): MenuItemConstructorOptions[] {
  return (COMMANDS as readonly CommandEntry[])
    .filter((command) => command.menu === menu)
    .map(({ id, title, keys }) => ({
      id,
      label: title,
      // Shown only: the page itself hears its keys, once, also where the editor has the focus.
      accelerator: keys.length === 0 ? undefined : accelerator(keys[0]),
      registerAccelerator: false,
      click: () => run(id)
    }))
}

/** Builds and sets the menu of the application. */
export function buildMenu(run: (id: string) => void): void {
  const separator = { type: 'separator' } as const
  const template: MenuItemConstructorOptions[] = [
    ...(process.platform === 'darwin' ? [{ role: 'appMenu' } as const] : []),
    { label: 'File', submenu: [...itemsOf('File', run), separator, { role: 'quit' }] },
    { role: 'editMenu' },
    { label: 'Run', submenu: itemsOf('Run', run) },
    {
      label: 'View',
      submenu: [...itemsOf('View', run), separator, { role: 'togglefullscreen' }, { role: 'toggleDevTools' }]
    },
    { role: 'windowMenu' },
    { label: 'Help', role: 'help', submenu: itemsOf('Help', run) }
  ]
  Menu.setApplicationMenu(Menu.buildFromTemplate(template))
}

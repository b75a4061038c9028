/** Offers bytes to the user as a file, through the system's dialog. */
import { app, dialog, type BrowserWindow } from 'electron'
import { basename, join } from 'node:path'
import { writeFileAtomic } from '../host/files'
import type { HostService } from '../protocol/services'

type Request = Parameters<HostService['saveFile']>[0]

export async function saveFile(
  parent: BrowserWindow | undefined,
  { name, bytes, filter }: Request
): ReturnType<HostService['saveFile']> {
  const options = {
    // A name only: where it goes is the user's choice.
    defaultPath: join(app.getPath('downloads'), basename(name)),
    filters: [{ name: filter.name, extensions: [...filter.extensions] }]
  }
  const { canceled, filePath } =
    parent === undefined ? await dialog.showSaveDialog(options) : await dialog.showSaveDialog(parent, options)
  if (canceled || filePath === '') return { outcome: 'cancelled', name }
  await writeFileAtomic(filePath, bytes, { durable: true })
  return { outcome: 'saved', name: basename(filePath) }
}

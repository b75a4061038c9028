/** What pages may not do, whatever they are: items 5, 11-15 of Electron's security checklist. */
import { dialog, shell, type Session, type WebContents } from 'electron'
import { mayOpen } from '../host/links'
import type { Log } from '../host/log'
import { isOurs } from './scheme'

const PERMISSIONS = new Set(['clipboard-sanitized-write'])

/** Denies every permission but writing to the clipboard; Electron would grant them all. */
export function guardSession(session: Session): void {
  session.setPermissionRequestHandler((_contents, permission, decide, { requestingUrl }) =>
    decide(PERMISSIONS.has(permission) && isOurs(requestingUrl))
  )
  session.setPermissionCheckHandler(
    (_contents, permission, requestingOrigin) => PERMISSIONS.has(permission) && isOurs(requestingOrigin)
  )
  session.setDevicePermissionHandler(() => false)
}

/** Keeps a page where it is: no navigation away, no windows, no webviews. */
export function guardContents(contents: WebContents, log: Log): void {
  const stay = (event: { preventDefault(): void; readonly url: string }): void => {
    if (isOurs(event.url)) return
    event.preventDefault()
    log.add('warn', 'window', `refused to go to ${event.url}`)
  }
  contents.on('will-navigate', stay)
  contents.on('will-frame-navigate', stay)
  contents.on('will-redirect', stay)
  contents.on('will-attach-webview', (event) => event.preventDefault())
  contents.setWindowOpenHandler(({ url }) => {
    if (mayOpen(url)) void askAndOpen(url)
    else log.add('warn', 'window', `refused to open ${url}`)
    return { action: 'deny' }
  })
}

async function askAndOpen(url: string): Promise<void> {
  const { response } = await dialog.showMessageBox({
    type: 'question',
    message: 'Open this page in your browser?',
    detail: url,
    buttons: ['Open', 'Cancel'],
    defaultId: 0,
    cancelId: 1
  })
  if (response === 0) await shell.openExternal(url)
}

import type { HostClient } from '../../protocol/client'
import { useNoticesStore } from '../stores/notices'

/** A connection that comes back sooner than this was hardly gone. */
const PATIENCE_MS = 1_500

/** Tells the user while the host is away: the text is safe in this window, and only there. Answers its end. */
export function followHost(host: HostClient): () => void {
  const notices = useNoticesStore()
  let timer: ReturnType<typeof setTimeout> | undefined
  const away = (): void => {
    notices.notify({
      tone: 'warn',
      text: 'The connection to contpte-lab is gone',
      details:
        'Your text is in this window and is saved as soon as the connection is back; do not close the window before. If contpte-lab was ended, start it again and open the address it prints.',
      key: 'host'
    })
  }
  const end = host.onState((state) => {
    clearTimeout(timer)
    if (state === 'ready') notices.settle('host')
    else timer = setTimeout(away, PATIENCE_MS)
  })
  return () => {
    clearTimeout(timer)
    end()
  }
}

/** Instead of the app, when the host never answered: a blank window says nothing. */
export function showUnreachable(error: unknown): void {
  const message = document.createElement('p')
  message.setAttribute('role', 'alert')
  message.textContent = `contpte-lab does not answer: ${error instanceof Error ? error.message : String(error)}. Start it again and open the address it prints.`
  document.querySelector('#app')?.replaceChildren(message)
}

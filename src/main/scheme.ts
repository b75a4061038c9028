/** Our own scheme, `lab://app/`: the built page by the same rules as in the web shell, never `file://`. */
import type { CustomScheme, Protocol } from 'electron'
import { readFile } from 'node:fs/promises'
import { resolveStatic, SECURITY_HEADERS } from '../host/static'

const SCHEME = 'lab'
const HOST = 'app'
/** Where the window begins. */
export const START_URL = `${SCHEME}://${HOST}/`

export const SCHEME_PRIVILEGES: CustomScheme = {
  scheme: SCHEME,
  privileges: { standard: true, secure: true, supportFetchAPI: true, codeCache: true }
}

/** Whether a URL is one of ours: parsed, never compared as text. */
export function isOurs(url: string): boolean {
  try {
    const { protocol, host } = new URL(url)
    return protocol === `${SCHEME}:` && host === HOST
  } catch {
    return false
  }
}

/** Serves the files below `root`. */
export function serveApp(protocol: Protocol, root: string): void {
  protocol.handle(SCHEME, async (request) => {
    const refuse = (status: number): Response => new Response(null, { status, headers: SECURITY_HEADERS })
    if (!isOurs(request.url)) return refuse(404)
    if (request.method !== 'GET') return refuse(405)
    const file = await resolveStatic(root, new URL(request.url).pathname)
    if (file === undefined) return refuse(404)
    return new Response(await readFile(file.path), {
      headers: { ...SECURITY_HEADERS, 'Content-Type': file.type }
    })
  })
}

/** The built renderer as files: the web shell and Electron's own scheme serve them by the same rules. */
import { realpath, stat } from 'node:fs/promises'
import { extname, join, sep } from 'node:path'

/** Content-Security-Policy of the page, in both shells: nothing but our own files, no eval of any kind. */
export const CONTENT_SECURITY_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; font-src 'self' data:; " +
  "img-src 'self' data: blob:; worker-src 'self'; connect-src 'self'"

/** Headers of every answer, refusals included. */
export const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  'Content-Security-Policy': CONTENT_SECURITY_POLICY,
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin'
}

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.map': 'application/json; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.ttf': 'font/ttf',
  '.woff': 'font/woff',
  '.woff2': 'font/woff2',
  '.wasm': 'application/wasm',
  '.txt': 'text/plain; charset=utf-8'
}

export interface StaticFile {
  readonly path: string
  readonly type: string
  readonly bytes: number
  /** Its name holds a hash of its content: it may be kept for ever. */
  readonly immutable: boolean
}

/**
 * The file a URL path names below `root`, or nothing: for what does not exist, for kinds we do not
 * serve, and for whatever leaves the root, by `..` plain or encoded, by backslash, by NUL or by a
 * symbolic link. `/` is `index.html`.
 * @param urlPath as it stands in the URL, percent-encoded, without query
 */
export async function resolveStatic(root: string, urlPath: string): Promise<StaticFile | undefined> {
  let decoded
  try {
    decoded = decodeURIComponent(urlPath)
  } catch {
    return undefined
  }
  const parts = (decoded === '/' ? '/index.html' : decoded).split('/')
  if (parts.shift() !== '' || parts.some((part) => !/^[A-Za-z0-9_@~+-][A-Za-z0-9_@~+.-]*$/.test(part)))
    return undefined
  const type = TYPES[extname(parts.at(-1) ?? '').toLowerCase()]
  if (type === undefined) return undefined
  try {
    const realRoot = await realpath(root)
    const path = await realpath(join(realRoot, ...parts))
    const found = await stat(path)
    if (!path.startsWith(realRoot + sep) || !found.isFile()) return undefined
    return { path, type, bytes: found.size, immutable: parts[0] === 'assets' }
  } catch {
    return undefined
  }
}

import { request } from 'node:http'

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: string
}

/** One HTTP request with exactly these bytes: no browser and no URL parser tidies path or headers. */
export function get(origin: string, path: string, headers: Record<string, string> = {}): Promise<Answer> {
  const { hostname, port } = new URL(origin)
  return new Promise((resolve, reject) => {
    const call = request({ hostname, port, path, headers, method: 'GET' }, (response) => {
      let body = ''
      response.setEncoding('utf8')
      response.on('data', (data: string) => (body += data))
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }))
    })
    call.on('upgrade', (_response, socket) => {
      socket.destroy()
      resolve({ status: 101, headers: {}, body: '' })
    })
    call.on('error', reject)
    call.end()
  })
}

/** Asks to speak WebSocket; 101 when the host agrees. */
export function upgrade(origin: string, path: string, headers: Record<string, string> = {}): Promise<Answer> {
  return get(origin, path, {
    Connection: 'Upgrade',
    Upgrade: 'websocket',
    'Sec-WebSocket-Version': '13',
    'Sec-WebSocket-Key': 'AAAAAAAAAAAAAAAAAAAAAA==',
    Origin: origin,
    ...headers
  })
}

/** Exchanges the one-time token of a fresh host for its session cookie. */
export async function session(url: string): Promise<string> {
  const { origin, pathname, search } = new URL(url)
  const { headers } = await get(origin, pathname + search)
  const cookies = [headers['set-cookie'] ?? []].flat()
  return cookies.map((cookie) => cookie.split(';')[0]).join('; ')
}

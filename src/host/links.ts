/** Links that may leave the app. */
const HOSTS = new Set([
  'lore.kernel.org',
  'docs.kernel.org',
  'www.kernel.org',
  'lwn.net',
  'developer.arm.com'
])

/** Whether a link may be offered to the system's browser: https, a host we know, nothing unusual in it. */
export function mayOpen(url: string): boolean {
  if (!URL.canParse(url)) return false
  const { protocol, hostname, username, password, port } = new URL(url)
  return protocol === 'https:' && HOSTS.has(hostname) && username === '' && password === '' && port === ''
}

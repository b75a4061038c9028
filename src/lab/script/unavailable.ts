/** Names other JavaScript hosts have and experiments do not, with what to use instead. */

const NO_NETWORK = 'experiments have no network'
const NO_PROCESS = 'experiments have no access to the process or its files'
const NO_CLOCK = 'experiments have no clock: simulated time is machine.time(body)'
const NO_TIMERS = 'experiments have no timers: nothing happens by itself'
const NO_WINDOW = 'experiments have no window'
const NO_CHANCE = 'experiments have no ambient randomness: use the random() that run receives'

const REASONS: Readonly<Record<string, string>> = {
  fetch: NO_NETWORK,
  XMLHttpRequest: NO_NETWORK,
  WebSocket: NO_NETWORK,
  EventSource: NO_NETWORK,
  process: NO_PROCESS,
  Buffer: NO_PROCESS,
  require: NO_PROCESS,
  module: NO_PROCESS,
  exports: NO_PROCESS,
  __dirname: NO_PROCESS,
  __filename: NO_PROCESS,
  global: NO_PROCESS,
  Deno: NO_PROCESS,
  Bun: NO_PROCESS,
  Worker: NO_PROCESS,
  Date: NO_CLOCK,
  performance: NO_CLOCK,
  setTimeout: NO_TIMERS,
  setInterval: NO_TIMERS,
  setImmediate: NO_TIMERS,
  requestAnimationFrame: NO_TIMERS,
  window: NO_WINDOW,
  document: NO_WINDOW,
  navigator: NO_WINDOW,
  localStorage: NO_WINDOW,
  crypto: NO_CHANCE
}

/** The message for a name that is not there, or nothing when it is no name we know of. */
export function unavailableMessage(name: string): string | undefined {
  return Object.hasOwn(REASONS, name) ? `'${name}' is not available: ${REASONS[name]}` : undefined
}

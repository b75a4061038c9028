/** Entry of the command line: streams, signals and clocks of the real process. */
import { randomUUID } from 'node:crypto'
import { availableParallelism } from 'node:os'
import { pathToFileURL } from 'node:url'
import { appPaths } from '../host/paths'
import { monotonicMs } from '../lab/run/clock'
import { main } from './program'

// Charts format times in the zone of the process: everywhere the same.
process.env.TZ = 'UTC'

const interrupted = new Promise<void>((resolve) => {
  process.once('SIGINT', () => {
    resolve()
    // Whoever asks twice does not want to wait.
    process.once('SIGINT', () => process.exit(130))
  })
  process.once('SIGTERM', () => resolve())
})

// A reader that has seen enough (`| head`) is no error.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0)
    throw error
  })
}

/** Everything written is out before the process ends, also into a pipe. */
const flushed = (stream: NodeJS.WriteStream): Promise<void> =>
  new Promise((resolve) => stream.write('', () => resolve()))

const paths = appPaths(import.meta.url)
const code = await main(process.argv.slice(2), {
  io: {
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    live: process.stderr.isTTY && process.env.CI === undefined,
    columns: process.stderr.columns ?? 80,
    interrupted
  },
  env: {
    jobUrl: pathToFileURL(paths.job),
    checkUrl: pathToFileURL(paths.check),
    cores: availableParallelism(),
    now: monotonicMs,
    timestamp: () => new Date().toISOString(),
    newRunId: () => randomUUID()
  },
  examples: paths.examples,
  recordings: paths.recordings
})
await Promise.all([flushed(process.stdout), flushed(process.stderr)])
process.exit(code)

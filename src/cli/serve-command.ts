/** `contpte-lab serve`: the web shell until the user interrupts it. */
import { LabError, problem } from '../lab/diagnostic'
import { EXIT, type Io } from './io'

/** Serves the app; answers the exit code when it was interrupted. */
export async function serveCommand(port: number | undefined, io: Io): Promise<number> {
  // Loaded only here: the other commands need none of it.
  const { serve } = await import('../server')
  try {
    const serving = await serve({ port })
    io.out(`${serving.url}\n`)
    io.err('Open the address in a browser on this machine. Ctrl-C ends it.\n')
    await io.interrupted
    await serving.close()
    return EXIT.ok
  } catch (error) {
    if (!(error instanceof Error && 'code' in error)) throw error
    throw new LabError(problem('bad-option', `cannot serve on port ${port ?? 0}: ${String(error.code)}`))
  }
}

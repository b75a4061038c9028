/** Follows a run on stderr until it has ended; an interrupt cancels it. */
import type { RunHandle } from '../lab/run/types'
import type { RunRecord } from '../protocol/services'
import type { Io } from './io'
import { ProgressLine } from './progress'

/** The record of the ended run. */
export async function follow(handle: RunHandle, io: Io): Promise<RunRecord> {
  const line = new ProgressLine(io)
  handle.events.subscribe((event) => {
    if (event.type === 'run-progress') line.show(event)
    else if (event.type === 'console') {
      line.clear()
      // Control characters of a script must not drive the user's terminal.
      io.err(`${event.line.text.replace(/[^\P{C}\n\t]/gu, '�')}\n`)
    }
  })
  void io.interrupted.then(() => handle.cancel())
  const record = await handle.done
  line.clear()
  return record
}

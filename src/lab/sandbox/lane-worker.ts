/** The inside of a lane's worker: one task at a time, for one script. */
import type { MessagePort } from 'node:worker_threads'
import { transferOf } from '../trace/recording'
import type { FromLane, LaneInit, ToLane } from './messages'
import { Meter } from './meter'
import { runTask } from './task'

/**
 * Serves a lane. An error here that is not the script's ends the worker, which its supervisor reports.
 *
 * @param now monotonic milliseconds
 */
export function serveLane(port: MessagePort, init: LaneInit, now: () => number): void {
  const meter = new Meter(init.meter, now)
  const send = (message: FromLane, transfer: ArrayBuffer[] = []): void => port.postMessage(message, transfer)
  const serve = async ({ task }: ToLane): Promise<void> => {
    const result = await runTask(init, meter, task, (line) => send({ type: 'console', line }))
    send({ type: 'done', result }, result.recording && transferOf(result.recording))
  }
  port.on('message', (message: ToLane) => void serve(message))
}

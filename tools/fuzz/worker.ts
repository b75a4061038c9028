/** One lane of the fuzzer: does the tasks it is sent, one after the other, and says what came of them. */
import { parentPort, workerData } from 'node:worker_threads'
import { answer, type Task } from './task'
import type { PlanLimits } from './plan'

const limits = workerData as PlanLimits

parentPort?.on('message', (task: Task) => {
  parentPort?.postMessage(answer(task, limits))
})

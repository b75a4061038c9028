/** Worker entry: one sandbox lane of one run. Thrown away with the run, after an error, or on cancel. */
import { parentPort, workerData } from 'node:worker_threads'
import { serveLane } from '../lab/sandbox/lane-worker'
import type { LaneInit } from '../lab/sandbox/messages'
import { monotonicMs } from '../lab/run/clock'

if (!parentPort) throw new Error('job.js is the entry of a worker')
serveLane(parentPort, workerData as LaneInit, monotonicMs)

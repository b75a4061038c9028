/** Lanes: worker threads that answer tasks, whose results are used in the order of the tasks. */
import { Worker } from 'node:worker_threads'
import type { PlanLimits } from './plan'
import type { Answer, Task } from './task'

/** Worker threads of one fuzzing run. */
export class Lanes {
  readonly #workers: Worker[]

  constructor(file: string, count: number, limits: PlanLimits) {
    this.#workers = Array.from({ length: count }, () => new Worker(file, { workerData: limits }))
  }

  /**
   * Gives the tasks 0, 1, 2, ... of `task` to whoever is free, until there is none any more or `use`,
   * called with the answers in the order of the tasks, says that it has enough. So what comes out
   * does not depend on the number of lanes; what was done too much is dropped.
   */
  async run(
    task: (index: number) => Task | undefined,
    use: (answer: Answer, index: number) => boolean
  ): Promise<void> {
    const answers = new Map<number, Answer>()
    let next = 0
    let used = 0
    let enough = false
    const lane = async (worker: Worker): Promise<void> => {
      while (!enough) {
        const index = next
        const asked = task(index)
        if (asked === undefined) return
        next++
        answers.set(index, await ask(worker, asked))
        for (let answer = answers.get(used); answer !== undefined && !enough; answer = answers.get(used)) {
          answers.delete(used)
          enough = use(answer, used++)
        }
      }
    }
    await Promise.all(this.#workers.map(lane))
  }

  async close(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.terminate()))
  }
}

function ask(worker: Worker, task: Task): Promise<Answer> {
  return new Promise((done, fail) => {
    const settle = () => {
      worker.off('message', answered)
      worker.off('error', failed)
    }
    const answered = (answer: Answer) => {
      settle()
      done(answer)
    }
    const failed = (error: unknown) => {
      settle()
      fail(error instanceof Error ? error : new Error(String(error)))
    }
    worker.on('message', answered)
    worker.on('error', failed)
    worker.postMessage(task)
  })
}

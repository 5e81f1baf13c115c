import { spawn, type ChildProcess } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { giveStanding } from './standing.ts'

const SPINNER = fileURLToPath(new URL('awake-process.ts', import.meta.url))

/**
 * Keeps the cores of a virtual machine busy with what yields to everything else. A core that has nothing to do is given back
 * to the host, and its next request waits for the host to give it one: on one machine, whose host was busy, the p99 of a quiet
 * proxy was 9.0 to 10.7 ms, and 5.8 to 7.6 with awake cores (the driver's own lateness 1.3 to 2.2, and 0.1).
 */
export class AwakeCores {
  readonly #spinners: readonly ChildProcess[]

  constructor() {
    this.#spinners = Array.from({ length: availableParallelism() }, (_, core) => spin(core))
  }

  stop(): Promise<void> {
    for (const spinner of this.#spinners) spinner.kill('SIGKILL')
    return Promise.resolve()
  }
}

/** Each on a core of its own (util-linux' taskset): left to itself, the kernel may have two share one. */
function spin(core: number): ChildProcess {
  const spinner = spawn('taskset', ['-c', `${core}`, process.execPath, SPINNER, `${process.pid}`], { stdio: 'ignore' })
  spinner.once('error', () => console.error('!! NO TASKSET: cores that fall asleep will be in the latencies'))
  if (spinner.pid !== undefined) giveStanding(spinner.pid, 'behind')
  return spinner
}

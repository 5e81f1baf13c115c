import { spawn, type ChildProcess } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { giveStanding } from './standing.ts'

/** The number of sched_yield() in Linux' tables. Node.js has no way to call it. */
const SCHED_YIELD: Readonly<Partial<Record<NodeJS.Architecture, number>>> = { x64: 24, arm64: 124 }
/** Perl, because every Debian has it. Ends when its parent has ended. */
const SPINNER = 'my $parent = getppid; while (getppid == $parent) { syscall($ARGV[0]) for 1 .. 10000 }'

/**
 * Keeps the cores busy with what yields to everything else, where they cannot be told to wait awake.
 *
 * It yields without end, because shadows stand no higher (`behind`): a spinner that kept its turn of some milliseconds kept
 * healthy shadows waiting, and with them the clients of nginx (p99 with a healthy shadow 8.1 times that without, instead of 1.0).
 */
export class CoreSpinners {
  readonly #spinners: readonly ChildProcess[]

  constructor() {
    const number = SCHED_YIELD[process.arch]
    if (number === undefined) sayAsleep(`sched_yield() has no known number on ${process.arch}`)
    const cores = number === undefined ? 0 : availableParallelism()
    this.#spinners = Array.from({ length: cores }, (_, core) => spin(core, `${number}`))
  }

  stop(): void {
    for (const spinner of this.#spinners) spinner.kill('SIGKILL')
  }
}

/** Each on a core of its own (util-linux' taskset): left to itself, the kernel may have two share one. */
function spin(core: number, syscall: string): ChildProcess {
  const spinner = spawn('taskset', ['-c', `${core}`, 'perl', '-e', SPINNER, syscall], { stdio: 'ignore' })
  spinner.once('error', () => sayAsleep('taskset is not installed'))
  spinner.once('exit', code => {
    if (code !== null) sayAsleep('perl is not installed')
  })
  if (spinner.pid !== undefined) giveStanding(spinner.pid, 'behind')
  return spinner
}

function sayAsleep(why: string): void {
  console.error(`!! CORES FALL ASLEEP, and that will be in the latencies: ${why}`)
}

import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { setPriority } from 'node:os'

/**
 * Who gets a core first when several processes of a benchmark want it:
 *
 * - `ahead`: clients and the primary's model server. In life they have machines of their own, so they never wait for the
 *   proxy or for each other's turn to end, and their own waits are not measured as its latency (`SCHED_FIFO`)
 * - `behind`: shadows' model servers and attackers. In life they have machines of their own, too, and a busy one that takes
 *   the core from the primary would say nothing about the proxy (`SCHED_IDLE`: not even a slice while others want to run)
 *
 * What is measured has neither.
 */
export type Standing = 'ahead' | 'behind'

/** Arguments of util-linux' chrt. */
const POLICY: Readonly<Record<Standing, readonly string[]>> = { ahead: ['-f', '-p', '10'], behind: ['-i', '-p', '0'] }
/** All threads that the process has now, and so those that they start. */
const ALL_THREADS = '-a'
/** What an ordinary user may do: only down, and a little less sharply. */
const NICENESS: Readonly<Record<Standing, number>> = { ahead: 0, behind: 19 }

/** As Node.js calls the threads on which V8 compiles (there are others only for its collector, which has one here). */
const COMPILER = 'V8Worker'

/** A thread that ends while chrt goes over all of them makes it fail. */
const ATTEMPTS = 3

let said = false

/** Gives a process its standing. Without the right to do so (root, CAP_SYS_NICE) it says so once and does what it may. */
export function giveStanding(pid: number, standing: Standing): void {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const { status } = spawnSync('chrt', [ALL_THREADS, ...POLICY[standing], `${pid}`], { stdio: 'ignore' })
    if (status === 0) return
  }
  setPriority(pid, NICENESS[standing])
  if (said) return
  said = true
  console.error('!! NO RIGHT TO SET REAL-TIME PRIORITIES: waits of clients and model servers will be in the latencies')
}

/**
 * The threads on which V8 compiles for a process that stands `ahead` were ahead, too, and kept the proxy from its core for up to
 * 6.5 ms (seen with `perf sched`): nobody waits for them. To be called when the process runs: they are there by then.
 */
export function sendCompilersBehind(pid: number): void {
  const tasks = `/proc/${pid}/task`
  for (const thread of readdirSync(tasks)) {
    if (nameOf(`${tasks}/${thread}`) === COMPILER) spawnSync('chrt', [...POLICY.behind, thread], { stdio: 'ignore' })
  }
}

/** null: the thread has ended. */
function nameOf(task: string): string | null {
  try {
    return readFileSync(`${task}/comm`, 'latin1').trim()
  } catch {
    return null
  }
}

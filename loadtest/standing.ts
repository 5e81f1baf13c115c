import { spawnSync } from 'node:child_process'
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

/** Arguments of util-linux' chrt; `-a`: all threads that the process has now, and so those that they start. */
const POLICY: Readonly<Record<Standing, readonly string[]>> = {
  ahead: ['-a', '-f', '-p', '10'],
  behind: ['-a', '-i', '-p', '0'],
}
/** What an ordinary user may do: only down, and a little less sharply. */
const NICENESS: Readonly<Record<Standing, number>> = { ahead: 0, behind: 19 }

/** A thread that ends while chrt goes over all of them makes it fail. */
const ATTEMPTS = 3

let said = false

/** Gives a process its standing. Without the right to do so (root, CAP_SYS_NICE) it says so once and does what it may. */
export function giveStanding(pid: number, standing: Standing): void {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const { status } = spawnSync('chrt', [...POLICY[standing], `${pid}`], { stdio: 'ignore' })
    if (status === 0) return
  }
  setPriority(pid, NICENESS[standing])
  if (said) return
  said = true
  console.error('!! NO RIGHT TO SET REAL-TIME PRIORITIES: waits of clients and model servers will be in the latencies')
}

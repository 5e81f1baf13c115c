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

/** Arguments of util-linux' chrt; `-a`: all threads that the process has now, and so those that they start. */
const POLICY: Readonly<Record<Standing, readonly string[]>> = {
  ahead: ['-a', '-f', '-p', '10'],
  behind: ['-a', '-i', '-p', '0'],
}
/** What an ordinary user may do: only down, and a little less sharply. */
const NICENESS: Readonly<Record<Standing, number>> = { ahead: 0, behind: 19 }

/** As Node.js names the threads on which V8 compiles and collects. */
const V8_HELPER = 'V8Worker'

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

/**
 * V8 compiles on threads of its own, which a process has when it has started: ahead of everyone, like the process, they kept
 * the proxy from its core for up to 6.5 ms (seen with `perf sched`). Nobody waits for what they make.
 */
export function letHelpersYield(pid: number): void {
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    const name = readFileSync(`/proc/${pid}/task/${thread}/comm`, 'latin1').trim()
    if (name === V8_HELPER) spawnSync('chrt', ['-i', '-p', '0', thread], { stdio: 'ignore' })
  }
}

import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { giveStanding } from './standing.ts'

/** `headers`: heads that never end (Slowloris); `body`: bodies that never end; `read`: answers that are hardly read. */
export type AttackMode = 'headers' | 'body' | 'read'

export const ATTACK_CONNECTIONS = 1000
/**
 * How many processes open them, as many clients would. One alone had its core for 0.4 to 0.8 ms at a time, in a poll() of a
 * thousand sockets that the kernel does not interrupt, whatever its standing: the proxy waited for it more often than for
 * anything else (seen with `perf sched`).
 */
const ATTACKERS = 10
/** All connections are open ten seconds after the start: faster, -X measures 400 MB/s of answers, and not slow readers. */
const OPENED_PER_S = 100
/** Milliseconds after the start of an attack. */
export const ALL_OPEN_MS = (ATTACK_CONNECTIONS / OPENED_PER_S) * 1000
/** It is stopped long before; without a limit it would outlive a benchmark that was killed. */
const LONGEST_S = 120
const STOP_TIMEOUT_MS = 2000
/**
 * When connections send the next piece of a head or body: the tool's default. All of them do so at the same moment, so
 * that a shorter interval measures volleys of a thousand packets, not slow clients.
 */
const FOLLOW_UP_S = 10

const FLAGS: Readonly<Record<AttackMode, readonly string[]>> = {
  headers: ['-H', '-t', 'GET', '-i', `${FOLLOW_UP_S}`, '-x', '24'],
  body: ['-B', '-t', 'POST', '-f', 'application/json', '-i', `${FOLLOW_UP_S}`, '-s', '8192', '-x', '10'],
  // A receive buffer of 512 to 1024 bytes, of which 32 are read each 5 s. With loopback's packets the kernel takes 0.4 to
  // 0.8 MB of an answer that nobody reads (seen in `ss -tm`): only three large ones in a row leave some of it to the proxy.
  read: ['-X', '-w', '512', '-y', '1024', '-n', '5', '-z', '32', '-k', '3'],
}

/** Whether slowhttptest is on this machine. */
export function canAttack(): boolean {
  return spawnSync('slowhttptest', ['-h'], { stdio: 'ignore' }).error === undefined
}

const running = new Set<SlowAttack>()
process.on('exit', () => {
  for (const attack of running) attack.kill()
})

/** slowhttptest against one address, until it is stopped. */
export class SlowAttack {
  readonly #processes: ChildProcess[] = []
  readonly #starts: readonly NodeJS.Timeout[]

  constructor(mode: AttackMode, url: string) {
    const share = ['-c', `${ATTACK_CONNECTIONS / ATTACKERS}`, '-r', `${OPENED_PER_S / ATTACKERS}`]
    // No -g: it would write reports into the working directory.
    const flags = [...FLAGS[mode], ...share, '-l', `${LONGEST_S}`, '-u', url]
    // One after the other: together they would open their connections together, too.
    this.#starts = Array.from({ length: ATTACKERS }, (_, attacker) =>
      setTimeout(() => this.#start(flags), (attacker * 1000) / OPENED_PER_S),
    )
    running.add(this)
  }

  kill(): void {
    for (const attacker of this.#processes) attacker.kill('SIGKILL')
  }

  async stop(): Promise<void> {
    running.delete(this)
    for (const start of this.#starts) clearTimeout(start)
    const left = this.#processes.filter(({ exitCode, signalCode }) => exitCode === null && signalCode === null)
    const exited = left.map(attacker => once(attacker, 'exit'))
    for (const attacker of left) attacker.kill('SIGTERM')
    const killer = setTimeout(() => this.kill(), STOP_TIMEOUT_MS)
    await Promise.all(exited)
    clearTimeout(killer)
  }

  #start(flags: readonly string[]): void {
    const attacker = spawn('slowhttptest', flags, { stdio: 'ignore' })
    if (attacker.pid !== undefined) giveStanding(attacker.pid, 'behind')
    this.#processes.push(attacker)
  }
}

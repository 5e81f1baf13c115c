import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { giveStanding } from './standing.ts'

/** `headers`: heads that never end (Slowloris); `body`: bodies that never end; `read`: answers that are hardly read. */
export type AttackMode = 'headers' | 'body' | 'read'

export const ATTACK_CONNECTIONS = 1000
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
  readonly #process: ChildProcess

  constructor(mode: AttackMode, url: string) {
    const common = ['-c', `${ATTACK_CONNECTIONS}`, '-r', `${OPENED_PER_S}`, '-l', `${LONGEST_S}`, '-u', url]
    // No -g: it would write reports into the working directory.
    this.#process = spawn('slowhttptest', [...FLAGS[mode], ...common], { stdio: 'ignore' })
    if (this.#process.pid !== undefined) giveStanding(this.#process.pid, 'behind')
    running.add(this)
  }

  kill(): void {
    this.#process.kill('SIGKILL')
  }

  async stop(): Promise<void> {
    running.delete(this)
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return
    const exited = once(this.#process, 'exit')
    this.#process.kill('SIGTERM')
    const killer = setTimeout(() => this.kill(), STOP_TIMEOUT_MS)
    await exited
    clearTimeout(killer)
  }
}

import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { giveStanding, sendCompilersBehind, type Standing } from './standing.ts'

/**
 * The collector's helpers want the second core in the middle of a measurement and make the thread wait for them: 2.8 ms in
 * a collection of the driver's (two cores, seen with `perf sched`). In a small space each collection is a short one. And what
 * a process makes it makes among the young (why: src/control/threads.ts): the driver collected everything once a second, for
 * 11 to 13 ms, when it opened 4 600 connections in it, and that was the p99.
 */
const COLLECTOR = ['--no-allocation-site-pretenuring', '--single-threaded-gc', '--max-semi-space-size=1']

type Reply<Answer> = { readonly result: Answer } | { readonly error: string }

/** A Node process beside the benchmark that answers questions one at a time: `{result}` or `{error}` for each. */
export class ChildHandle<Question extends object, Answer> {
  readonly #process: ChildProcess
  readonly #file: string
  #busy = false
  #runs = false

  /** `file` is relative to this folder. */
  constructor(file: string, standing: Standing) {
    this.#file = file
    this.#process = fork(new URL(file, import.meta.url), {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      execArgv: COLLECTOR,
    })
    giveStanding(this.pid, standing)
  }

  get pid(): number {
    return this.#process.pid as number
  }

  async ask(question: Question): Promise<Answer> {
    if (this.#busy) throw new Error(`${this.#file} was asked before it had answered`)
    this.#busy = true
    const abandoned = new AbortController()
    try {
      const { signal } = abandoned
      const died = once(this.#process, 'exit', { signal }).then(([code]: unknown[]) => {
        throw new Error(`${this.#file} ended with exit code ${String(code)} before it answered`)
      })
      const answered = once(this.#process, 'message', { signal })
      this.#process.send(question)
      const [reply] = (await Promise.race([answered, died])) as [Reply<Answer>]
      if (!this.#runs) sendCompilersBehind(this.pid)
      this.#runs = true
      if ('error' in reply) throw new Error(`${this.#file} failed: ${reply.error}`)
      return reply.result
    } finally {
      this.#busy = false
      abandoned.abort()
    }
  }

  /** Closing the channel ends the process; a process that hangs is killed. */
  async stop(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return
    const exited = once(this.#process, 'exit')
    if (this.#process.connected) this.#process.disconnect()
    const killer = setTimeout(() => this.#process.kill('SIGKILL'), 2000)
    await exited
    clearTimeout(killer)
  }
}

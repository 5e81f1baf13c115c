import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readCpuMs, readRssBytes } from '../test/support/process-use.ts'

const STOP_TIMEOUT_MS = 10_000
const STDERR_KEPT_BYTES = 4096

const running = new Set<ProxyProcess>()
process.on('exit', () => {
  for (const proxy of running) proxy.kill()
})

// A signal would end this process without its exit handlers, and the proxies would run on.
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => process.exit(signal === 'SIGINT' ? 130 : 143))
}

/** A proxy under measurement: a process with a scratch folder of its own, gone without a trace when stopped. */
export class ProxyProcess {
  readonly directory: string
  readonly #process: ChildProcess
  #stderr = ''

  /** Every stdout line goes to `onLine`. */
  constructor(command: string, args: readonly string[], directory: string, onLine: (line: string) => void) {
    this.directory = directory
    this.#process = spawn(command, args, { cwd: directory, stdio: ['ignore', 'pipe', 'pipe'] })
    this.#process.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-STDERR_KEPT_BYTES)
    })
    this.#process.on('error', (error: Error) => (this.#stderr += error.message))
    let partial = ''
    this.#process.stdout?.setEncoding('utf8').on('data', (text: string) => {
      const lines = (partial + text).split('\n')
      partial = lines.pop() ?? ''
      for (const line of lines) onLine(line)
    })
    running.add(this)
  }

  /** Rejects as soon as the process has ended, with what it said on stderr. */
  async died(): Promise<never> {
    if (this.#process.exitCode === null && this.#process.pid !== undefined) await once(this.#process, 'exit')
    throw new Error(`${this.#process.spawnargs.join(' ')} ended with ${this.#process.exitCode}:\n${this.#stderr}`)
  }

  /** User and system time of all its threads, in milliseconds. */
  cpuMs(): number {
    return readCpuMs(this.#process.pid as number)
  }

  /** Memory of the whole process that is in RAM now. */
  rssBytes(): number {
    return readRssBytes(this.#process.pid as number)
  }

  /** For a benchmark that ends early: nothing of it may stay behind. */
  kill(): void {
    this.#process.kill('SIGKILL')
    rmSync(this.directory, { recursive: true, force: true })
  }

  async stop(): Promise<void> {
    if (this.#process.exitCode === null && this.#process.signalCode === null) {
      const exited = once(this.#process, 'exit')
      this.#process.kill('SIGTERM')
      const killer = setTimeout(() => this.#process.kill('SIGKILL'), STOP_TIMEOUT_MS)
      await exited
      clearTimeout(killer)
    }
    running.delete(this)
    rmSync(this.directory, { recursive: true, force: true })
  }
}

/** A new empty folder. */
export function scratchDirectory(name: string): string {
  return mkdtempSync(join(tmpdir(), `understudy-loadtest-${name}-`))
}

import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { getJson, getText } from './http-json.ts'
import { LineSplitter } from './line-splitter.ts'
import { parseMetrics, type Metrics } from './prometheus-text.ts'
import { eventually, within } from './within.ts'

/** A routing file: YAML text, or an object that is written as JSON, which YAML 1.2 contains. */
export type ConfigInput = string | Readonly<Record<string, unknown>>

export type LogLine = Readonly<Record<string, unknown>> & { readonly level: string; readonly msg: string }

export interface RunOptions {
  /** Added to the command after `serve -c FILE`. */
  readonly args?: readonly string[]
  /** Added to this process' environment. */
  readonly env?: Readonly<Record<string, string>>
  readonly readyTimeoutMs?: number
}

export interface Stopped {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  /** From the signal to the exit. */
  readonly ms: number
}

/** What `GET /api/v1/config` says, as far as `reload` needs it. */
export interface ConfigState {
  readonly revision: number
  readonly hash: string
  readonly lastFailure: { readonly at: string; readonly problems: readonly unknown[] } | null
}

const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))
const DIE_WITH_PARENT = new URL('./die-with-parent.ts', import.meta.url).href

/** Node starts, strips types and starts its threads; two busy cores take their time. */
const READY_TIMEOUT_MS = 15_000
/** Longer than any drain a test configures. */
const STOP_TIMEOUT_MS = 30_000

/** Directories of proxies that were never stopped. Those die with this process; what they wrote goes too. */
const leftovers = new Set<string>()
process.once('exit', () => {
  for (const directory of leftovers) rmSync(directory, { recursive: true, force: true })
})

/**
 * Starts the real proxy as a process of its own and waits until it listens. An object without `listen` or `admin` gets
 * ephemeral ports. The working directory is a temporary one, removed by `stop` and `kill`.
 * Rejects with the exit code and everything the process said when it does not come up.
 */
export async function startUnderstudy(config: ConfigInput, options: RunOptions = {}): Promise<RunningUnderstudy> {
  const directory = mkdtempSync(join(tmpdir(), 'understudy-'))
  leftovers.add(directory)
  const running = new RunningUnderstudy(directory, config, options)
  try {
    await running.ready(options.readyTimeoutMs ?? READY_TIMEOUT_MS)
  } catch (error) {
    await running.kill()
    throw error
  }
  return running
}

export class RunningUnderstudy {
  /** Where it listens for clients, and for operators. */
  url = ''
  port = 0
  adminUrl = ''
  readonly pid: number
  /** The working directory; `understudy-pairs.ndjson` lands here unless the configuration says otherwise. */
  readonly directory: string
  readonly configFile: string
  /** Every JSON line of stdout so far, in order. */
  readonly log: LogLine[] = []
  /** What is no JSON line: text on stdout, and all of stderr. */
  readonly output: string[] = []
  /** Resolves when the process is gone. */
  readonly exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>
  readonly #child: ChildProcess
  readonly #wakers = new Set<() => void>()

  constructor(directory: string, config: ConfigInput, options: RunOptions) {
    this.directory = directory
    this.configFile = join(directory, 'understudy.yaml')
    this.writeConfig(config)
    const args = ['--import', DIE_WITH_PARENT, MAIN, 'serve', '-c', this.configFile, ...(options.args ?? [])]
    this.#child = spawn(process.execPath, args, {
      cwd: directory,
      env: { ...process.env, ...options.env },
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'], // the fourth: see die-with-parent.ts
    })
    this.pid = this.#child.pid ?? 0
    const stdout = new LineSplitter(line => this.#hear(line))
    const stderr = new LineSplitter(line => this.output.push(line))
    this.#child.stdout?.on('data', (bytes: Buffer) => stdout.push(bytes))
    this.#child.stderr?.on('data', (bytes: Buffer) => stderr.push(bytes))
    this.exited = new Promise((resolve, reject) => {
      this.#child.once('error', reject)
      this.#child.once('close', (code, signal) => {
        stdout.end()
        stderr.end()
        resolve({ code, signal })
        this.#wake()
      })
    })
  }

  /** Waits for the line that says where it listens. */
  async ready(timeoutMs: number): Promise<void> {
    const line = await this.waitForLog(each => each.msg === 'listening', timeoutMs)
    this.url = String(line.listen)
    this.adminUrl = String(line.admin)
    this.port = Number(new URL(this.url).port)
  }

  /** The first log line, already written or still to come, that the predicate likes. Rejects when the process ends. */
  async waitForLog(predicate: (line: LogLine) => boolean, timeoutMs = 5000): Promise<LogLine> {
    let seen = 0
    const search = async (): Promise<LogLine> => {
      for (;;) {
        for (; seen < this.log.length; seen++) {
          const line = this.log[seen] as LogLine
          if (predicate(line)) return line
        }
        if (this.#child.exitCode !== null || this.#child.signalCode !== null) throw new Error(this.#story('has exited'))
        await new Promise<void>(resolve => this.#wakers.add(resolve))
      }
    }
    return await within(search(), timeoutMs, this.#story('did not log what was waited for'))
  }

  /** Replaces the file in one step, as an editor or `mv` does. The running proxy watches it. */
  writeConfig(config: ConfigInput): void {
    const text = typeof config === 'string' ? config : JSON.stringify(withDefaults(config), null, 2)
    writeFileSync(`${this.configFile}.new`, text)
    renameSync(`${this.configFile}.new`, this.configFile)
  }

  /**
   * Writes the file, sends SIGHUP and waits until the change was applied (`revision` grew) or refused (`lastFailure` is
   * new); says which. A file that changes nothing times out: use `writeConfig` and `signal` for that.
   */
  async reload(config: ConfigInput, timeoutMs = 5000): Promise<ConfigState> {
    const before = await this.configState()
    this.writeConfig(config)
    this.signal('SIGHUP')
    return await eventually(async () => {
      const now = await this.configState()
      return now.revision !== before.revision || now.lastFailure?.at !== before.lastFailure?.at ? now : undefined
    }, timeoutMs)
  }

  async configState(): Promise<ConfigState> {
    return (await getJson(`${this.adminUrl}/api/v1/config`)) as ConfigState
  }

  async readMetrics(): Promise<Metrics> {
    return parseMetrics(await getText(`${this.adminUrl}/metrics`))
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  /** SIGTERM; resolves when the process is gone. One that does not go is killed, and this rejects. */
  async stop(timeoutMs = STOP_TIMEOUT_MS): Promise<Stopped> {
    const startMs = performance.now()
    this.signal('SIGTERM')
    try {
      const exit = await within(this.exited, timeoutMs, 'the proxy did not exit after SIGTERM')
      return { ...exit, ms: performance.now() - startMs }
    } finally {
      await this.kill()
    }
  }

  /** SIGKILL, and the temporary directory is removed. Harmless when it is gone already. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.exited
    rmSync(this.directory, { recursive: true, force: true })
    leftovers.delete(this.directory)
  }

  #hear(line: string): void {
    const parsed = parseLogLine(line)
    if (parsed === null) this.output.push(line)
    else this.log.push(parsed)
    this.#wake()
  }

  #wake(): void {
    const wakers = [...this.#wakers]
    this.#wakers.clear()
    for (const wake of wakers) wake()
  }

  #story(what: string): string {
    const { exitCode, signalCode } = this.#child
    const said = [...this.log.slice(-20).map(line => JSON.stringify(line)), ...this.output.slice(-40)]
    return `the proxy (exit code ${exitCode}, signal ${signalCode}) ${what}; it said:\n${said.join('\n')}\n--`
  }
}

/**
 * Also without giving up copies on a busy thread: on a machine that runs several tests at once every thread is busy at times,
 * and tests count copies. Those that are about it say so themselves.
 */
function withDefaults(config: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const limits = { busy: 100, ...(config['limits'] as Readonly<Record<string, unknown>> | undefined) }
  return { listen: '127.0.0.1:0', admin: { address: '127.0.0.1:0' }, ...config, limits }
}

function parseLogLine(line: string): LogLine | null {
  if (!line.startsWith('{')) return null
  try {
    return JSON.parse(line) as LogLine
  } catch {
    return null
  }
}

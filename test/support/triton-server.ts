import { spawn, type ChildProcess } from 'node:child_process'
import { LineSplitter } from './line-splitter.ts'
import { within } from './within.ts'

/** One by itself took seven seconds; two start at once, on cores that others use too. */
const START_TIMEOUT_MS = 90_000
/** Triton unloads its model in two to three seconds; the script gives up on that, and kills it, after 20. */
const STOP_TIMEOUT_MS = 30_000
/** The port that was free a moment ago may be taken before Triton binds it. */
const START_ATTEMPTS = 3
const LOG_LINES = 40
/** One thread for the small matrices, and no bytecode beside the scripts. */
const PYTHON_SETTINGS = { OMP_NUM_THREADS: '1', PYTHONDONTWRITEBYTECODE: '1' }

export interface TritonServer {
  readonly url: string
  stop(): Promise<void>
}

/**
 * Starts `script ...args`, which serves a model with Triton, prints its address as JSON when it is ready, and ends when
 * its stdin does. @throws Error with the end of its log.
 */
export async function startTriton(python: string, args: readonly string[]): Promise<TritonServer> {
  for (let attempt = 1; ; attempt++) {
    const server = new ServerProcess(python, args)
    try {
      return await server.ready()
    } catch (error) {
      await server.stop()
      if (attempt === START_ATTEMPTS) throw error
    }
  }
}

class ServerProcess implements TritonServer {
  url = ''
  readonly #child: ChildProcess
  readonly #log: string[] = []
  readonly #address = Promise.withResolvers<string>()
  readonly #gone: Promise<void>

  constructor(python: string, args: readonly string[]) {
    this.#child = spawn(python, args, {
      detached: true, // a group of its own, in which Triton and its children stay
      env: { ...process.env, ...PYTHON_SETTINGS },
      stdio: ['pipe', 'pipe', 'pipe'],
    })
    const stdout = new LineSplitter(line => this.#address.resolve((JSON.parse(line) as { url: string }).url))
    const stderr = new LineSplitter(line => this.#log.push(line))
    this.#child.stdout?.on('data', (bytes: Buffer) => stdout.push(bytes))
    this.#child.stderr?.on('data', (bytes: Buffer) => stderr.push(bytes))
    this.#child.stdin?.on('error', () => undefined) // it has ended without reading
    this.#gone = new Promise(resolve => {
      this.#child.once('error', () => resolve())
      this.#child.once('exit', () => resolve())
    })
  }

  async ready(): Promise<this> {
    const ended = this.#gone.then(() => Promise.reject(new Error('it has ended')))
    try {
      this.url = await within(Promise.race([this.#address.promise, ended]), START_TIMEOUT_MS, 'it was not ready')
      return this
    } catch (error) {
      throw new Error(`Triton did not start:\n${this.#log.slice(-LOG_LINES).join('\n')}`, { cause: error })
    }
  }

  /** In order, so that it removes its shared memory; whatever is left of the group is killed. */
  async stop(): Promise<void> {
    this.#child.stdin?.end()
    try {
      await within(this.#gone, STOP_TIMEOUT_MS, 'Triton did not stop')
    } finally {
      killGroup(this.#child.pid)
    }
  }
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // Nobody is left in it.
  }
}

import { MessageChannel, Worker, type MessagePort } from 'node:worker_threads'
import { monotonicMs } from './metronome.ts'

export interface ThinkTimeData {
  readonly port: MessagePort
  /** When the oldest thought is over, microseconds on the clock of `monotonicMs`; 0: nothing is thought about. */
  readonly dueUs: BigInt64Array
  /** [0]: there is something to think about again; [1]: a message is on its way. */
  readonly flags: Int32Array
}

interface Thought {
  readonly dueMs: number
  readonly over: () => void
}

/**
 * How long a model thinks, to about a tenth of a millisecond. Timers of the event loop are a millisecond coarse: where
 * requests are few and come at even intervals, one that a proxy holds for a tenth of a millisecond can get its answer a whole
 * millisecond later than the others, and that step would be the p99 (6.2 instead of 5.5 ms in every other run of 12 s). The
 * price is a wake of a thread for each request: not for thousands a second on the cores that are measured.
 */
export class ThinkTime {
  readonly #thinkMs: number
  readonly #worker: Worker
  readonly #port: MessagePort
  readonly #dueUs = new BigInt64Array(new SharedArrayBuffer(8))
  readonly #flags = new Int32Array(new SharedArrayBuffer(8))
  readonly #thoughts: Thought[] = []

  constructor(thinkMs: number) {
    this.#thinkMs = thinkMs
    const { port1, port2 } = new MessageChannel()
    this.#port = port1
    port1.on('message', () => {
      Atomics.store(this.#flags, 1, 0)
      this.#end()
    })
    const workerData: ThinkTimeData = { port: port2, dueUs: this.#dueUs, flags: this.#flags }
    this.#worker = new Worker(new URL('./think-time-thread.ts', import.meta.url), { workerData, transferList: [port2] })
  }

  /** Calls `over` when it has thought about it: first come, first answered. */
  about(over: () => void): void {
    const isFirst = this.#thoughts.push({ dueMs: monotonicMs() + this.#thinkMs, over }) === 1
    if (!isFirst) return
    this.#sayWhen()
    Atomics.store(this.#flags, 0, 1)
    Atomics.notify(this.#flags, 0)
  }

  async stop(): Promise<void> {
    this.#port.close()
    await this.#worker.terminate()
  }

  #end(): void {
    const nowMs = monotonicMs()
    for (let first = this.#thoughts[0]; first !== undefined && first.dueMs <= nowMs; first = this.#thoughts[0]) {
      this.#thoughts.shift()
      first.over()
    }
    this.#sayWhen()
  }

  #sayWhen(): void {
    const first = this.#thoughts[0]
    Atomics.store(this.#dueUs, 0, first === undefined ? 0n : BigInt(Math.ceil(first.dueMs * 1000)))
  }
}

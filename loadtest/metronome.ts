import { MessageChannel, Worker, type MessagePort } from 'node:worker_threads'

export interface MetronomeData {
  readonly port: MessagePort
  /** [0]: a beat is under way; [1]: stopped. */
  readonly flags: Int32Array
  /** Time of the first beat on the clock of `monotonicMs`. */
  readonly startMs: number
  readonly intervalMs: number
}

/** Milliseconds on the clock that all threads of the machine share, with fractions. */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6
}

/**
 * Calls `onBeat` every `intervalMs`, which may be a fraction of a millisecond. Timers of the event loop are a millisecond
 * coarse: at 1 000 requests per second that is the whole distance between two, and it would be measured as latency.
 */
export class Metronome {
  readonly #worker: Worker
  readonly #port: MessagePort
  readonly #flags = new Int32Array(new SharedArrayBuffer(8))

  constructor(startMs: number, intervalMs: number, onBeat: () => void) {
    const { port1, port2 } = new MessageChannel()
    this.#port = port1
    port1.on('message', () => {
      Atomics.store(this.#flags, 0, 0)
      onBeat()
    })
    const workerData: MetronomeData = { port: port2, flags: this.#flags, startMs, intervalMs }
    this.#worker = new Worker(new URL('./metronome-thread.ts', import.meta.url), { workerData, transferList: [port2] })
  }

  async stop(): Promise<void> {
    Atomics.store(this.#flags, 1, 1)
    Atomics.notify(this.#flags, 1)
    this.#port.close()
    await this.#worker.terminate()
  }
}

import { once } from 'node:events'
import { Worker } from 'node:worker_threads'

/** Shares of the requests that meet each fault; the rest is answered at once. */
export interface Faults {
  readonly reset: number
  readonly error: number
  readonly hang: number
  /** Cut in the middle of the answer's body. */
  readonly cut: number
  /** Answered after 20 ms. */
  readonly slow: number
}

export interface FaultyUpstreamData {
  readonly seed: number
  readonly faults: Faults
  /** The label of the answers. */
  readonly label: number
}

/** A model server in a thread of its own that misbehaves now and then. */
export class FaultyUpstream {
  readonly port: number
  readonly #worker: Worker

  private constructor(worker: Worker, port: number) {
    this.#worker = worker
    this.port = port
  }

  static async start(data: FaultyUpstreamData): Promise<FaultyUpstream> {
    const worker = new Worker(new URL('./faulty-upstream-thread.ts', import.meta.url), { workerData: data })
    const [port] = (await once(worker, 'message')) as [number]
    return new FaultyUpstream(worker, port)
  }

  /** Requests whose last byte has come, so far. */
  async requests(): Promise<number> {
    this.#worker.postMessage('count')
    const [count] = (await once(this.#worker, 'message')) as [number]
    return count
  }

  async stop(): Promise<void> {
    await this.#worker.terminate()
  }
}

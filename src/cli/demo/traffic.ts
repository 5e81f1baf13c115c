import { Agent, request, type IncomingMessage } from 'node:http'
import type { Digit } from './digits.ts'
import { INPUT_NAME } from './infer-request.ts'
import { seededRandom, shuffled } from './random.ts'
import { requestIdOf } from './request-id.ts'

export interface TrafficOptions {
  /** The whole URL of the infer call. */
  readonly url: string
  readonly requestsPerSecond: number
  readonly images: readonly Digit[]
}

export interface TrafficStats {
  readonly sent: number
  /** By class, `2xx`: whole answers that came back. */
  readonly answered: Readonly<Record<string, number>>
  /** No whole answer: refused, reset, timed out. */
  readonly failed: number
  /** Over the whole run so far. */
  readonly requestsPerSecond: number
  /** As the client sees it, of the newest requests; null before the first answer. */
  readonly latency: { readonly p50Us: number; readonly p99Us: number } | null
  /** 2xx answers by `Digit.index`. */
  readonly answersByImage: ReadonlyMap<number, number>
}

const ORDER_SEED = 11
const REQUEST_TIMEOUT_MS = 10_000
/** Enough for a p99 that does not jump; bounds the memory of an endless run. */
const LATENCIES_KEPT = 5_000

/**
 * Sends one image after the other, in a fixed mixed order, round and round. Open loop: the next request leaves when it
 * is due, whether or not earlier ones have been answered, as independent clients would.
 */
export class Traffic {
  readonly #options: TrafficOptions
  readonly #images: readonly Digit[]
  readonly #agent = new Agent({ keepAlive: true })
  readonly #answered: Record<string, number> = {}
  readonly #answersByImage = new Map<number, number>()
  readonly #latenciesUs: number[] = []
  readonly #open = new Set<Promise<void>>()
  #timer: NodeJS.Timeout | null = null
  #startedMs = 0
  #endedMs: number | null = null
  #sent = 0
  #failed = 0
  #latencies = 0

  constructor(options: TrafficOptions) {
    this.#options = options
    this.#images = shuffled(options.images, seededRandom(ORDER_SEED))
  }

  start(): void {
    this.#startedMs = performance.now()
    this.#sendDue()
  }

  /** Sends no more; resolves when the last answer is there, at the latest after REQUEST_TIMEOUT_MS. */
  async stop(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#endedMs ??= performance.now()
    await Promise.all(this.#open)
    this.#agent.destroy()
  }

  stats(): TrafficStats {
    const seconds = ((this.#endedMs ?? performance.now()) - this.#startedMs) / 1e3
    return {
      sent: this.#sent,
      answered: { ...this.#answered },
      failed: this.#failed,
      requestsPerSecond: this.#sent / Math.max(seconds, 1e-3),
      latency: this.#latency(),
      answersByImage: this.#answersByImage,
    }
  }

  /** A late timer is made up for at once: what is due is sent. */
  #sendDue(): void {
    const periodMs = 1e3 / this.#options.requestsPerSecond
    while (this.#startedMs + this.#sent * periodMs <= performance.now()) {
      const sending = this.#send(this.#images[this.#sent % this.#images.length] as Digit, this.#sent)
      this.#sent++
      this.#open.add(sending)
      void sending.finally(() => this.#open.delete(sending))
    }
    const waitMs = this.#startedMs + this.#sent * periodMs - performance.now()
    this.#timer = setTimeout(() => this.#sendDue(), Math.max(0, waitMs))
  }

  async #send(image: Digit, sequence: number): Promise<void> {
    const startedMs = performance.now()
    try {
      const status = await post(this.#options.url, this.#agent, requestIdOf(image.index, sequence), inferBody(image))
      const statusClass = `${Math.floor(status / 100)}xx`
      this.#answered[statusClass] = (this.#answered[statusClass] ?? 0) + 1
      if (statusClass === '2xx') {
        this.#answersByImage.set(image.index, (this.#answersByImage.get(image.index) ?? 0) + 1)
      }
      this.#latenciesUs[this.#latencies++ % LATENCIES_KEPT] = (performance.now() - startedMs) * 1e3
    } catch {
      this.#failed++
    }
  }

  #latency(): TrafficStats['latency'] {
    if (this.#latenciesUs.length === 0) return null
    const sorted = this.#latenciesUs.toSorted((a, b) => a - b)
    const percentile = (share: number): number => sorted[Math.ceil(share * sorted.length) - 1] as number
    return { p50Us: percentile(0.5), p99Us: percentile(0.99) }
  }
}

/** The body of an infer request for one image. */
export function inferBody({ index, pixels }: Digit): string {
  const input = { name: INPUT_NAME, shape: [1, pixels.length], datatype: 'FP32', data: pixels }
  return JSON.stringify({ id: `image-${index}`, inputs: [input] })
}

/** The status of a whole answer; its body is read and let go. */
async function post(url: string, agent: Agent, requestId: string, body: string): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  const headers = {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    'x-request-id': requestId,
  }
  const signal = AbortSignal.timeout(REQUEST_TIMEOUT_MS)
  const call = request(url, { method: 'POST', agent, headers, signal }, (response: IncomingMessage) => {
    response.on('end', () => resolve(response.statusCode ?? 0)).on('error', reject)
    response.resume()
  })
  call.on('error', reject)
  call.end(body)
  return promise
}

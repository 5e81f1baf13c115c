import { build, type Histogram } from 'hdr-histogram-js'
import { ClientConnection, type Outcome } from './client-connection.ts'
import type { ErrorKind, LoadPlan, LoadResult } from './load-plan.ts'
import { Metronome, monotonicMs } from './metronome.ts'

/** Time for the metronome's thread to start before the first request is due. */
const HEAD_START_MS = 200
/** Above 5 000 requests per second several are sent per beat. */
const SHORTEST_BEAT_MS = 0.2
const TIMEOUT_SWEEP_MS = 20
const LARGEST_US = 3_600_000_000

/** Runs one plan in this process. Resolves when each request that was sent has its answer or failed. */
export async function generateLoad(plan: LoadPlan): Promise<LoadResult> {
  const run = new LoadRun(plan)
  return run.run()
}

/**
 * Open loop: request `i` is due at `start + i / rate`, whatever became of those before it, and its latency runs from
 * then. So a server that stalls is charged with every request that had to wait, also those that could not be sent yet
 * (the correction for coordinated omission). Requests that are due and not sent are the numbers from `#next` to `#due`:
 * the queue holds no memory.
 */
class LoadRun {
  readonly #plan: LoadPlan
  readonly #idle: ClientConnection[] = []
  readonly #busy = new Set<ClientConnection>()
  readonly #latencies = histogram()
  readonly #lags = histogram()
  readonly #errors: Record<ErrorKind, number> = { refused: 0, reset: 0, timeout: 0, status: 0, protocol: 0, local: 0 }
  readonly #finished = Promise.withResolvers<void>()
  readonly #total: number
  /** Closed loop only: when each request was sent. */
  readonly #sentAtMs: number[] = []
  #startMs = 0
  #due = 0
  #next = 0
  #ok = 0
  #sent = 0
  #answeredWhileMeasured = 0

  constructor(plan: LoadPlan) {
    this.#plan = plan
    const durationMs = plan.warmUpMs + plan.measureMs
    this.#total = plan.ratePerS === null ? Number.POSITIVE_INFINITY : Math.floor((durationMs * plan.ratePerS) / 1000)
    const requestBytes = renderRequest(plan)
    const onOutcome = (connection: ClientConnection, request: number, outcome: Outcome): void =>
      this.#settle(connection, request, outcome)
    for (let i = 0; i < plan.connections; i++) {
      this.#idle.push(new ClientConnection({ port: plan.port, fresh: plan.fresh, requestBytes, onOutcome }))
    }
  }

  async run(): Promise<LoadResult> {
    const { fresh, ratePerS } = this.#plan
    const connections = [...this.#idle]
    if (!fresh) await Promise.all(connections.map(connection => connection.open()))
    this.#startMs = monotonicMs() + HEAD_START_MS
    const beatMs = ratePerS === null ? 1 : Math.max(SHORTEST_BEAT_MS, 1000 / ratePerS)
    const metronome = new Metronome(this.#startMs, beatMs, () => this.#beat())
    const sweep = setInterval(() => this.#sweep(), TIMEOUT_SWEEP_MS)
    await this.#finished.promise
    clearInterval(sweep)
    await metronome.stop()
    for (const connection of connections) connection.close()
    return this.#result()
  }

  #dueMs(request: number): number {
    const { ratePerS } = this.#plan
    return ratePerS === null ? (this.#sentAtMs[request] as number) : this.#startMs + (request * 1000) / ratePerS
  }

  get #measureFromMs(): number {
    return this.#startMs + this.#plan.warmUpMs
  }

  get #endMs(): number {
    return this.#measureFromMs + this.#plan.measureMs
  }

  #beat(): void {
    const nowMs = monotonicMs()
    if (this.#plan.ratePerS === null) {
      // As many as there are free connections are due at once, until the time is over.
      this.#due = nowMs < this.#startMs ? 0 : nowMs < this.#endMs ? this.#next + this.#idle.length : this.#next
    } else {
      while (this.#due < this.#total && this.#dueMs(this.#due) <= nowMs) {
        const lagMs = nowMs - this.#dueMs(this.#due++)
        this.#lags.recordValue(toUs(lagMs))
      }
    }
    this.#sendDue()
    this.#finishIfDone(nowMs)
  }

  #sendDue(): void {
    while (this.#next < this.#due) {
      const connection = this.#idle.shift()
      if (connection === undefined) return
      const request = this.#next++
      if (this.#plan.ratePerS === null) this.#sentAtMs[request] = monotonicMs()
      this.#busy.add(connection)
      connection.send(request)
    }
  }

  #settle(connection: ClientConnection, request: number, outcome: Outcome): void {
    const nowMs = monotonicMs()
    this.#busy.delete(connection)
    this.#idle.push(connection)
    this.#count(request, outcome, nowMs)
    if (this.#plan.ratePerS === null && nowMs < this.#endMs) this.#due = this.#next + 1
    this.#sendDue()
    this.#finishIfDone(nowMs)
  }

  #count(request: number, outcome: Outcome, nowMs: number): void {
    if (outcome === null && nowMs >= this.#measureFromMs && nowMs < this.#endMs) this.#answeredWhileMeasured++
    const dueMs = this.#dueMs(request)
    if (dueMs < this.#measureFromMs) return
    this.#sent++
    if (outcome === null) this.#ok++
    else this.#errors[outcome]++
    if (outcome === null || outcome === 'timeout') this.#latencies.recordValue(toUs(nowMs - dueMs))
  }

  /** Fails what has waited too long, be it for an answer or for a connection. */
  #sweep(): void {
    const nowMs = monotonicMs()
    const oldestMs = nowMs - this.#plan.timeoutMs
    // First those in the queue: a connection that becomes free must not carry a request that has already failed.
    if (this.#plan.ratePerS !== null) {
      while (this.#next < this.#due && this.#dueMs(this.#next) <= oldestMs) this.#count(this.#next++, 'timeout', nowMs)
    }
    for (const connection of this.#busy) {
      if (connection.request !== -1 && this.#dueMs(connection.request) <= oldestMs) connection.giveUp()
    }
    this.#finishIfDone(nowMs)
  }

  #finishIfDone(nowMs: number): void {
    const allSent = this.#plan.ratePerS === null ? nowMs >= this.#endMs : this.#next >= this.#total
    if (allSent && this.#busy.size === 0) this.#finished.resolve()
  }

  #result(): LoadResult {
    const at = (percentile: number): number => valueAt(this.#latencies, percentile)
    return {
      sent: this.#sent,
      ok: this.#ok,
      errors: this.#errors,
      p50Us: at(50),
      p90Us: at(90),
      p99Us: at(99),
      p999Us: at(99.9),
      maxUs: this.#latencies.totalCount === 0 ? 0 : this.#latencies.maxValue,
      achievedPerS: (this.#answeredWhileMeasured * 1000) / this.#plan.measureMs,
      driverLagP99Us: valueAt(this.#lags, 99),
    }
  }
}

function renderRequest(plan: LoadPlan): Buffer {
  const body = Buffer.from(plan.body)
  const head = [
    `POST ${plan.path} HTTP/1.1`,
    `host: 127.0.0.1:${plan.port}`,
    'content-type: application/json',
    `content-length: ${body.length}`,
    ...(plan.fresh ? ['connection: close'] : []),
  ]
  return Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), body])
}

/** Three digits: steps of a thousandth of the value. */
function histogram(): Histogram {
  return build({ lowestDiscernibleValue: 1, highestTrackableValue: LARGEST_US, numberOfSignificantValueDigits: 3 })
}

function valueAt(latencies: Histogram, percentile: number): number {
  return latencies.totalCount === 0 ? 0 : latencies.getValueAtPercentile(percentile)
}

/** Whole microseconds; a larger value than the histogram's would throw. */
function toUs(ms: number): number {
  return Math.min(LARGEST_US, Math.max(0, Math.round(ms * 1000)))
}

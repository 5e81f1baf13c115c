import { setTimeout as sleep } from 'node:timers/promises'
import { build, type Histogram } from 'hdr-histogram-js'
import { ArrivalSchedule } from './arrival-schedule.ts'
import { ClientConnection, type Outcome, type SentRequest } from './client-connection.ts'
import type { ErrorKind, LoadPlan, LoadResult } from './load-plan.ts'
import { windowsOf, type LoadWindow } from './load-windows.ts'
import { Metronome, monotonicMs } from './metronome.ts'
import { BOOKED_WITHIN_MS, StolenTime } from './stolen-time.ts'

/** Time for the metronome's thread to start before the first request is due. */
const HEAD_START_MS = 200
/** Above 5 000 requests per second several are sent per beat. */
const SHORTEST_BEAT_MS = 0.2
const TIMEOUT_SWEEP_MS = 20
const LARGEST_US = 3_600_000_000

/** Runs one plan in this process. Resolves when each request that was sent has its answer or failed. @throws RangeError */
export async function generateLoad(plan: LoadPlan): Promise<LoadResult> {
  const run = new LoadRun(plan)
  return run.run()
}

/**
 * Open loop: each request is due at a moment that was fixed before the run, whatever became of those before it, and its
 * latency runs from then. So a server that stalls is charged with every request that had to wait, also those that could
 * not be sent yet (the correction for coordinated omission). Requests that are due and not sent are the numbers from
 * `#next` to `#due`: the queue holds no memory.
 */
class LoadRun {
  readonly #plan: LoadPlan
  readonly #connections: readonly ClientConnection[]
  /** Those with room for a request, the one that was used longest ago first. */
  readonly #free: Set<ClientConnection>
  readonly #busy = new Set<ClientConnection>()
  readonly #latencies = histogram()
  readonly #firstBytes = histogram()
  readonly #lags = histogram()
  readonly #errors: Record<ErrorKind, number> = { refused: 0, reset: 0, timeout: 0, status: 0, protocol: 0, local: 0 }
  readonly #finished = Promise.withResolvers<void>()
  /** null: closed loop. */
  readonly #schedule: ArrivalSchedule | null
  /** Open loop only: of each request that was answered or timed out. */
  readonly #latenciesUs: Uint32Array
  readonly #stolen = new StolenTime()
  /** Closed loop only: when each request was sent. */
  readonly #sentAtMs: number[] = []
  #startMs = 0
  #due = 0
  #next = 0
  #ok = 0
  #underWay = 0
  #sent = 0
  #answeredWhileMeasured = 0

  constructor(plan: LoadPlan) {
    this.#plan = plan
    this.#schedule = scheduleOf(plan)
    this.#latenciesUs = new Uint32Array(this.#schedule?.total ?? 0)
    const { port, fresh, pipelining = 1 } = plan
    if (fresh && pipelining > 1) throw new RangeError('a connection for each request cannot carry several')
    const requestBytes = renderRequest(plan)
    const onOutcome = (connection: ClientConnection, sent: SentRequest, outcome: Outcome): void =>
      this.#settle(connection, sent, outcome)
    this.#connections = Array.from(
      { length: plan.connections },
      () => new ClientConnection({ port, fresh, pipelining, requestBytes, onOutcome }),
    )
    this.#free = new Set(this.#connections)
  }

  async run(): Promise<LoadResult> {
    if (!this.#plan.fresh) await Promise.all(this.#connections.map(connection => connection.open()))
    this.#stolen.read(monotonicMs())
    this.#startMs = monotonicMs() + HEAD_START_MS
    const beatMs = this.#schedule === null ? 1 : Math.max(SHORTEST_BEAT_MS, 1000 / this.#schedule.fastestPerS)
    const metronome = new Metronome(this.#startMs, beatMs, () => this.#beat())
    const sweep = setInterval(() => this.#sweep(), TIMEOUT_SWEEP_MS)
    await this.#finished.promise
    clearInterval(sweep)
    await sleep(BOOKED_WITHIN_MS)
    this.#stolen.read(monotonicMs())
    await metronome.stop()
    for (const connection of this.#connections) connection.close()
    return this.#result()
  }

  #dueMs(request: number): number {
    return this.#schedule === null ? (this.#sentAtMs[request] as number) : this.#startMs + this.#schedule.dueMs(request)
  }

  get #measureFromMs(): number {
    return this.#startMs + this.#plan.warmUpMs
  }

  get #endMs(): number {
    return this.#measureFromMs + this.#plan.measureMs
  }

  #beat(): void {
    const nowMs = monotonicMs()
    this.#stolen.beat(nowMs)
    if (this.#schedule === null) {
      // As many as there is room for are due at once, until the time is over.
      const room = this.#plan.connections * (this.#plan.pipelining ?? 1) - this.#underWay
      this.#due = nowMs >= this.#startMs && nowMs < this.#endMs ? this.#next + room : this.#next
    } else {
      while (this.#due < this.#schedule.total && this.#dueMs(this.#due) <= nowMs) {
        const lagMs = nowMs - this.#dueMs(this.#due++)
        this.#lags.recordValue(toUs(lagMs))
      }
    }
    this.#sendDue()
    this.#finishIfDone(nowMs)
  }

  #sendDue(): void {
    for (const connection of this.#free) {
      if (this.#next >= this.#due) return
      const request = this.#next++
      if (this.#schedule === null) this.#sentAtMs[request] = monotonicMs()
      this.#underWay++
      this.#busy.add(connection)
      connection.send(request)
      this.#free.delete(connection)
      // Comes last, and this loop comes to it again when all others have had their turn.
      if (connection.hasRoom) this.#free.add(connection)
    }
  }

  #settle(connection: ClientConnection, sent: SentRequest, outcome: Outcome): void {
    const nowMs = monotonicMs()
    this.#underWay--
    if (connection.oldest === null) this.#busy.delete(connection)
    // It may be full again: when a connection fails, the outcomes of all it carried come one by one.
    if (connection.hasRoom) this.#free.add(connection)
    this.#count(sent, outcome, nowMs)
    if (this.#schedule === null && nowMs < this.#endMs) this.#due = this.#next + 1
    this.#sendDue()
    this.#finishIfDone(nowMs)
  }

  #count({ request, headAtMs }: SentRequest, outcome: Outcome, nowMs: number): void {
    if (outcome === null && nowMs >= this.#measureFromMs && nowMs < this.#endMs) this.#answeredWhileMeasured++
    const dueMs = this.#dueMs(request)
    if (dueMs < this.#measureFromMs) return
    this.#sent++
    if (outcome === null) this.#ok++
    else this.#errors[outcome]++
    if (outcome !== null && outcome !== 'timeout') return
    const latencyUs = toUs(nowMs - dueMs)
    this.#latencies.recordValue(latencyUs)
    this.#latenciesUs[request] = latencyUs
    this.#firstBytes.recordValue(toUs((headAtMs ?? nowMs) - dueMs))
  }

  /** Fails what has waited too long, be it for an answer or for a connection. */
  #sweep(): void {
    const nowMs = monotonicMs()
    const oldestMs = nowMs - this.#plan.timeoutMs
    // First those in the queue: a connection that becomes free must not carry a request that has already failed.
    if (this.#schedule !== null) {
      while (this.#next < this.#due && this.#dueMs(this.#next) <= oldestMs) {
        this.#count({ request: this.#next++, headAtMs: null }, 'timeout', nowMs)
      }
    }
    for (const connection of this.#busy) {
      if (connection.oldest !== null && this.#dueMs(connection.oldest) <= oldestMs) connection.giveUp()
    }
    this.#finishIfDone(nowMs)
  }

  #finishIfDone(nowMs: number): void {
    const allSent = this.#schedule === null ? nowMs >= this.#endMs : this.#next >= this.#schedule.total
    if (allSent && this.#underWay === 0) this.#finished.resolve()
  }

  #windows(): LoadWindow[] {
    const timeline = { latenciesUs: this.#latenciesUs, dueMs: (request: number) => this.#dueMs(request) }
    return windowsOf(timeline, this.#measureFromMs, this.#endMs, this.#stolen)
  }

  #result(): LoadResult {
    const at = (percentile: number): number => valueAt(this.#latencies, percentile)
    const firstByteAt = (percentile: number): number => valueAt(this.#firstBytes, percentile)
    return {
      sent: this.#sent,
      ok: this.#ok,
      errors: this.#errors,
      p50Us: at(50),
      p90Us: at(90),
      p99Us: at(99),
      p999Us: at(99.9),
      maxUs: this.#latencies.totalCount === 0 ? 0 : this.#latencies.maxValue,
      firstByteP50Us: firstByteAt(50),
      firstByteP99Us: firstByteAt(99),
      achievedPerS: (this.#answeredWhileMeasured * 1000) / this.#plan.measureMs,
      driverLagP99Us: valueAt(this.#lags, 99),
      windows: this.#schedule === null ? [] : this.#windows(),
    }
  }
}

/** null: closed loop. @throws RangeError when the steps are not as long as the measurement */
function scheduleOf({ ratePerS, warmUpMs, measureMs }: LoadPlan): ArrivalSchedule | null {
  if (ratePerS === null) return null
  if (typeof ratePerS === 'number') return new ArrivalSchedule([{ ratePerS, forMs: warmUpMs + measureMs }])
  const stepsMs = ratePerS.reduce((sum, { forMs }) => sum + forMs, 0)
  const [first] = ratePerS
  if (first === undefined || stepsMs !== measureMs) {
    throw new RangeError(`the steps of the rate take ${stepsMs} ms, the measurement ${measureMs} ms`)
  }
  return new ArrivalSchedule([{ ratePerS: first.ratePerS, forMs: warmUpMs }, ...ratePerS])
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

import type { RateStep } from './arrival-schedule.ts'
import type { LoadWindow } from './load-windows.ts'

/** One measurement, as the driver is asked for it. Crosses a process boundary as JSON. */
export interface LoadPlan {
  readonly port: number
  readonly path: string
  /** JSON text. Every request is a POST with this body. */
  readonly body: string
  /**
   * Requests per second on a fixed schedule. A list: these rates one after the other, `measureMs` in total, and the first
   * of them for the warm-up. null: closed loop, each connection sends as soon as it was answered.
   */
  readonly ratePerS: number | readonly RateStep[] | null
  /** Most connections at a time. Arrivals that find none free wait, and their wait is part of their latency. */
  readonly connections: number
  /** true: a new connection for each request. false: all `connections` are opened beforehand and used in turn. */
  readonly fresh: boolean
  /**
   * Most requests under way on a connection; without it one. They are spread over all connections before a second one
   * goes to any. When the first of a connection times out, those behind it do so with it.
   */
  readonly pipelining?: number
  /** Sent, not measured: the first part of the run. */
  readonly warmUpMs: number
  readonly measureMs: number
  /** A request that has no answer this long after its scheduled time has failed. */
  readonly timeoutMs: number
}

/**
 * - `refused`: nobody listened
 * - `reset`: the connection ended before the answer was complete
 * - `timeout`: no complete answer in time
 * - `status`: an answer other than 2xx
 * - `protocol`: bytes that are not one HTTP/1.1 answer to one request
 * - `local`: the driver had no port or file descriptor left; such a run says nothing about the server
 */
export type ErrorKind = 'refused' | 'reset' | 'timeout' | 'status' | 'protocol' | 'local'

/** Latencies are in microseconds and run from the scheduled time of a request to the last byte of its answer. */
export interface LoadResult {
  /** Requests whose time came while it was measured: `ok` and all errors. */
  readonly sent: number
  readonly ok: number
  readonly errors: Readonly<Record<ErrorKind, number>>
  /** Of answered requests and of those that timed out, as long as they waited; a fast failure is no fast answer. */
  readonly p50Us: number
  readonly p90Us: number
  readonly p99Us: number
  readonly p999Us: number
  readonly maxUs: number
  /** To the end of the answer's head instead of its last byte: what a stream is judged by. */
  readonly firstByteP50Us: number
  readonly firstByteP99Us: number
  /** Good answers that came while it was measured, per second. */
  readonly achievedPerS: number
  /** p99 of how late the driver itself noticed that a request was due: what is in the latencies and not the server's. */
  readonly driverLagP99Us: number
  /** Of an open loop; of a closed one none. */
  readonly windows: readonly LoadWindow[]
}

/** All failed requests of a run. */
export function errorCount(result: LoadResult): number {
  return result.sent - result.ok
}

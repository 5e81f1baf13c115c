import type { ErrorCode } from '../../errors.ts'
import type { ArrivalLog } from './arrival-log.ts'
import type { BodyCapture } from './capture.ts'
import type { Endpoint } from './endpoint.ts'

/** What settling needs of a leg, be it a request with its answer or a WebSocket session. */
export interface LegOutcome {
  readonly endpoint: Endpoint
  readonly capture: BodyCapture
  readonly status: number
  readonly contentType: string
  readonly contentEncoding: string
  readonly headerLength: number
  readonly bytes: number
  readonly error: ErrorCode | null
  readonly arrivals: ArrivalLog | null
  readonly startedAtUs: number
  readonly latencyUs: number
  readonly ttfbUs: number
  readonly ended: boolean
  /** As the analysis thread sees it, without looking into the body. */
  readonly hasFailed: boolean
}

/** The model server said that it has failed, or has too much to do. */
export function isRejection(status: number): boolean {
  return status >= 500 || status === 429
}

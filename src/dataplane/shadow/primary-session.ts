import type { ErrorCode } from '../../errors.ts'
import { FrameScan } from '../http/websocket-frames.ts'
import type { BodyCapture } from '../upstream/capture.ts'
import type { Endpoint } from '../upstream/endpoint.ts'
import type { LegOutcome } from '../upstream/leg-outcome.ts'

/**
 * The primary's side of a session, as far as it is compared. States:
 *   open    the session goes on
 *   closed  the primary has closed it, and has said all it had to say
 *   left    the client has closed it, or is gone: what the primary would have said is not known
 *   cut     the comparison is over before the session is, or the primary has failed (`error`)
 */
export class PrimarySession implements LegOutcome {
  readonly endpoint: Endpoint
  readonly capture: BodyCapture
  readonly status = 101
  readonly contentType = ''
  /** How its messages are packed: what the handshake agreed on. */
  readonly contentEncoding: string
  readonly headerLength = 0
  readonly arrivals = null
  readonly startedAtUs: number
  /** Of the handshake: how long a session lasts is nobody's latency. */
  readonly latencyUs: number
  readonly ttfbUs: number
  bytes = 0
  error: ErrorCode | null = null
  state: 'open' | 'closed' | 'left' | 'cut' = 'open'
  readonly #scan = new FrameScan()

  constructor(endpoint: Endpoint, capture: BodyCapture, extensions: string, startedAtUs: number, openedAtUs: number) {
    this.endpoint = endpoint
    this.capture = capture
    this.contentEncoding = extensions
    this.startedAtUs = startedAtUs
    this.latencyUs = openedAtUs - startedAtUs
    this.ttfbUs = this.latencyUs
  }

  get ended(): boolean {
    return this.state !== 'open'
  }

  get hasFailed(): boolean {
    return this.error !== null
  }

  /** Those it has sent whole. */
  get messages(): number {
    return this.#scan.messages
  }

  get hasClosed(): boolean {
    return this.#scan.closeSeen && this.#scan.betweenFrames
  }

  /** false: nothing more is kept, so nothing more is compared. */
  hear(chunk: Buffer): boolean {
    if (this.capture.wanted && !this.capture.takes(chunk.length)) return false
    this.#scan.push(chunk)
    this.bytes += chunk.length
    this.capture.add(chunk)
    return true
  }

  end(state: 'closed' | 'left' | 'cut', error: ErrorCode | null): void {
    this.state = state
    this.error = error
  }
}

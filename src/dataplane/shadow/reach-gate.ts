import type { ErrorCode } from '../../errors.ts'

/** Fewer failed connections in a row can be a restart. */
const FAILURES_TO_CLOSE = 5
/**
 * How long a gate stays closed before the first copy tries, and at most: each try that fails doubles it. Hundreds of
 * connection attempts and TLS handshakes are not free (measured: at 500/s an untrusted certificate took the primary's p50
 * from 0.8 to 213 ms), and neither are ten: at 5 500 requests/s they were the one request in a hundred that had to wait.
 */
const FIRST_TRY_MS = 100
const LATEST_TRY_MS = 1_600

/** Nothing of the copy arrived. */
const UNREACHED: ReadonlySet<ErrorCode | null> = new Set<ErrorCode | null>(['UPSTREAM_CONNECT', 'UPSTREAM_TLS'])

/**
 * Whether copies go to a shadow that cannot be reached. States:
 *   open    counts failed connections in a row
 *   closed  one copy at a time may try; the first that reaches the shadow opens the gate
 * Only connections count. A shadow that answers wrongly, late or not at all is what the comparison is there to see, and
 * leaving it out would make it look better than it is.
 */
type State =
  | { readonly kind: 'open'; readonly failures: number }
  | { readonly kind: 'closed'; readonly nextTryMs: number; readonly waitMs: number }

export class ReachGate {
  #state: State = { kind: 'open', failures: 0 }

  /** Whether a copy may be sent now, performance.now() milliseconds; when the gate is closed this is the try. */
  allows(nowMs: number): boolean {
    if (this.#state.kind === 'open') return true
    if (nowMs < this.#state.nextTryMs) return false
    this.#state = closed(nowMs, Math.min(2 * this.#state.waitMs, LATEST_TRY_MS))
    return true
  }

  /** A copy has ended, with this error or with an answer. */
  ended(error: ErrorCode | null, nowMs: number): void {
    if (!UNREACHED.has(error)) {
      this.#state = { kind: 'open', failures: 0 }
      return
    }
    if (this.#state.kind === 'closed') return
    const failures = this.#state.failures + 1
    this.#state = failures < FAILURES_TO_CLOSE ? { kind: 'open', failures } : closed(nowMs, FIRST_TRY_MS)
  }
}

function closed(nowMs: number, waitMs: number): State {
  return { kind: 'closed', nextTryMs: nowMs + waitMs, waitMs }
}

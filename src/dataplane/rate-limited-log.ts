import type { LogMessage } from '../wire/messages.ts'

const WINDOW_MS = 1_000
/** Causes are built from codes and names of the routing file, so there are few; this bounds a mistake. */
const CAUSES_KEPT = 1_000

/** At most one line per second and cause; the next line says how many were left out. */
export class RateLimitedLog {
  readonly #post: (message: LogMessage) => void
  readonly #causes = new Map<string, { sinceMs: number; suppressed: number }>()

  constructor(post: (message: LogMessage) => void) {
    this.#post = post
  }

  write(level: LogMessage['level'], cause: string, message: string, fields: LogMessage['fields']): void {
    const nowMs = performance.now()
    const last = this.#causes.get(cause)
    if (last !== undefined && nowMs - last.sinceMs < WINDOW_MS) {
      last.suppressed++
      return
    }
    if (this.#causes.size >= CAUSES_KEPT) this.#causes.clear()
    this.#causes.set(cause, { sinceMs: nowMs, suppressed: 0 })
    const suppressed = last?.suppressed ?? 0
    this.#post({ kind: 'log', level, message, fields: suppressed > 0 ? { ...fields, suppressed } : fields })
  }
}

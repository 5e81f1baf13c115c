import type { SinkLog } from './sink.ts'

/** One line per cause in this time at first; what is left out is counted in the next line of the cause. */
const QUIET_MS = 1_000
/** The time doubles with each line: a broker that is away for a night is no news once a second. */
const MAX_QUIET_MS = 60_000

/** Causes are few and fixed texts; a cause that varies must not grow the table for ever. */
const MAX_CAUSES = 64

interface Cause {
  /** Of the last line. */
  readonly lastMs: number
  /** From it to the next one, at least. */
  readonly quietMs: number
  /** Left out since. */
  suppressed: number
}

/**
 * A log for things that repeat with every retry: at most one line per second and message, at last one per minute. What was
 * not left out once in that time is news again.
 */
export function quietLog(log: SinkLog, nowMs: () => number = () => performance.now()): SinkLog {
  const causes = new Map<string, Cause>()
  return (level, message, fields) => {
    const now = nowMs()
    const cause = causes.get(message)
    if (cause !== undefined && now - cause.lastMs < cause.quietMs) {
      cause.suppressed += 1
      return
    }
    if (cause === undefined && causes.size >= MAX_CAUSES) causes.clear()
    const suppressed = cause?.suppressed ?? 0
    const quietMs = cause === undefined || suppressed === 0 ? QUIET_MS : Math.min(2 * cause.quietMs, MAX_QUIET_MS)
    causes.set(message, { lastMs: now, quietMs, suppressed: 0 })
    log(level, message, suppressed === 0 ? fields : { ...fields, suppressed })
  }
}

import type { SinkLog } from './sink.ts'

/** One line per cause in this time; what is left out is counted in the next line of the cause. */
const QUIET_MS = 1_000

/** Causes are few and fixed texts; a cause that varies must not grow the table for ever. */
const MAX_CAUSES = 64

/** A log for things that repeat with every retry: at most one line per second and message. */
export function quietLog(log: SinkLog, nowMs: () => number = () => performance.now()): SinkLog {
  const causes = new Map<string, { lastMs: number; suppressed: number }>()
  return (level, message, fields) => {
    const now = nowMs()
    const cause = causes.get(message)
    if (cause !== undefined && now - cause.lastMs < QUIET_MS) {
      cause.suppressed += 1
      return
    }
    if (cause === undefined && causes.size >= MAX_CAUSES) causes.clear()
    causes.set(message, { lastMs: now, suppressed: 0 })
    const suppressed = cause?.suppressed ?? 0
    log(level, message, suppressed === 0 ? fields : { ...fields, suppressed })
  }
}

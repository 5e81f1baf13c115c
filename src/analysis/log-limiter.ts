import type { SinkLog } from '../sinks/sink.ts'

/** Of one message in one interval; the answers of a model must not be able to flood the log. */
const LINES_PER_TURN = 5

/** Passes on a few lines of each message per interval, and says at its end how many more there were. */
export class LogLimiter {
  readonly #out: SinkLog
  readonly #lines = new Map<string, number>()

  constructor(out: SinkLog) {
    this.#out = out
  }

  readonly write: SinkLog = (level, message, fields) => {
    const lines = (this.#lines.get(message) ?? 0) + 1
    this.#lines.set(message, lines)
    if (lines <= LINES_PER_TURN) this.#out(level, message, fields)
  }

  /** A new interval begins. */
  turn(): void {
    for (const [message, lines] of this.#lines) {
      if (lines > LINES_PER_TURN) this.#out('warn', `${message} (more of these)`, { more: lines - LINES_PER_TURN })
    }
    this.#lines.clear()
  }
}

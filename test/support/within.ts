import { setTimeout as sleep } from 'node:timers/promises'

/** What was awaited did not come in time; the awaited thing itself goes on. */
export class TimeoutError extends Error {
  constructor(what: string, timeoutMs: number) {
    super(`${what} within ${timeoutMs} ms`)
    this.name = 'TimeoutError'
  }
}

/** The value, or a TimeoutError whose message starts with `what` ("no answer came"). */
export async function within<T>(value: Promise<T>, timeoutMs: number, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new TimeoutError(what, timeoutMs)), timeoutMs)
  })
  try {
    return await Promise.race([value, late])
  } finally {
    clearTimeout(timer)
  }
}

/** How often `eventually` looks again. */
const POLL_MS = 20

/**
 * Calls `look` until it neither throws nor gives `false` or `undefined`, and returns what it gave.
 * After `timeoutMs` the last error is thrown (or a TimeoutError when there was none).
 */
export async function eventually<T>(
  look: () => T | Promise<T>,
  timeoutMs = 5000,
): Promise<Exclude<T, false | undefined>> {
  const deadlineMs = performance.now() + timeoutMs
  for (;;) {
    let failure: unknown = new TimeoutError('what was looked for did not come', timeoutMs)
    try {
      const seen = await look()
      if (seen !== false && seen !== undefined) return seen as Exclude<T, false | undefined>
    } catch (error) {
      failure = error
    }
    if (performance.now() > deadlineMs) throw failure
    await sleep(POLL_MS)
  }
}

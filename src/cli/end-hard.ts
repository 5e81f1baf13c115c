import type { Understudy } from '../control/start.ts'

/** The sinks have had their time within the drain: what goes on for this long after it hangs. */
const END_MS = 2_000

/**
 * Sees to it that a drained process ends. A write that hangs (a full pipe nobody reads, a share that is away) cannot be
 * called back, and Node.js waits for it, in `process.exit` too.
 */
export function endSoon({ log }: Understudy): void {
  // Does not keep the process alive; it only goes off where something else does.
  setTimeout(() => {
    log.error('a write still hangs after the drain, most likely of the file sink: ending without it', {
      waitedMs: END_MS,
    })
    endHard()
  }, END_MS).unref()
}

/** Ends the process whatever hangs in it; whoever started it sees that it was killed. Nothing is written any more. */
export function endHard(): never {
  process.kill(process.pid, 'SIGKILL')
  // Only reached as the first process of a container, which the kernel lets send itself no SIGKILL.
  process.abort()
}

/**
 * The thread behind `think-time.ts`. It sleeps in the kernel until a thought is over, which is finer than the event loop's own
 * timers, and wakes the event loop then.
 */
import { workerData } from 'node:worker_threads'
import { monotonicMs } from './metronome.ts'
import type { ThinkTimeData } from './think-time.ts'

const { port, dueUs, flags } = workerData as ThinkTimeData
const BEGUN = 0
const SENT = 1
/** How long it sleeps while the event loop has not looked yet at what is over. */
const UNSEEN_MS = 0.5

for (;;) {
  Atomics.store(flags, BEGUN, 0)
  const due = Atomics.load(dueUs, 0)
  const waitMs = due === 0n ? Infinity : Number(due) / 1e3 - monotonicMs()
  if (waitMs > 0) Atomics.wait(flags, BEGUN, 0, waitMs)
  else {
    if (Atomics.exchange(flags, SENT, 1) === 0) port.postMessage(null)
    Atomics.wait(flags, BEGUN, 0, UNSEEN_MS)
  }
}

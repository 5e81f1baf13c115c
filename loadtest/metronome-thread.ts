/**
 * The thread behind `metronome.ts`. It sleeps in the kernel with sub-millisecond timeouts, which the event loop's own
 * timers do not have.
 */
import { workerData } from 'node:worker_threads'
import type { MetronomeData } from './metronome.ts'

const { port, flags, startMs, intervalMs } = workerData as MetronomeData
const PENDING = 0
const STOPPED = 1

let beat = 0
while (Atomics.load(flags, STOPPED) === 0) {
  const nowMs = Number(process.hrtime.bigint()) / 1e6
  const waitMs = startMs + beat * intervalMs - nowMs
  if (waitMs > 0) Atomics.wait(flags, STOPPED, 0, waitMs)
  // One message at a time: a driver that could not keep up needs one beat, not all it missed.
  if (Atomics.exchange(flags, PENDING, 1) === 0) port.postMessage(null)
  beat = Math.max(beat + 1, Math.floor((Number(process.hrtime.bigint()) / 1e6 - startMs) / intervalMs) + 1)
}
port.close()

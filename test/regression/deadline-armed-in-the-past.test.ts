import { afterEach, expect, test, vi } from 'vitest'
import { DeadlineWheel, type WheelEntry } from '../../src/dataplane/deadline-wheel.ts'

afterEach(() => void vi.useRealTimers())

/**
 * What is left of the time of a request may be less than nothing when somebody asks, behind a stall of the event loop. Its slot
 * of the wheel had been passed by then, so that it fired when that came round again, ten seconds later.
 */
test('a deadline that has passed when it is armed fires with the next ticks', () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] })
  const wheel = new DeadlineWheel()
  let fired = 0
  const entry: WheelEntry = {
    wheelNext: null,
    wheelPrevious: null,
    wheelDueMs: Number.NaN,
    onDeadline: () => void fired++,
  }
  const other: WheelEntry = { ...entry, onDeadline: () => {} }
  // Keeps the wheel turning.
  wheel.arm(other, 60_000)
  vi.advanceTimersByTime(1_000)
  wheel.arm(entry, -500)
  vi.advanceTimersByTime(30)
  expect(fired).toBe(1)
  wheel.stop()
})

import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { DeadlineWheel, type WheelEntry } from '../../../src/dataplane/deadline-wheel.ts'

const TICK_MS = 10
/** A round of the wheel: 1024 slots. */
const ROUND_MS = 1024 * TICK_MS

class Entry implements WheelEntry {
  wheelNext: WheelEntry | null = null
  wheelPrevious: WheelEntry | null = null
  wheelDueMs = Number.NaN
  readonly firedAtMs: number[] = []
  readonly #onDeadline: (nowMs: number) => void

  constructor(onDeadline: (nowMs: number) => void = () => {}) {
    this.#onDeadline = onDeadline
  }

  onDeadline(nowMs: number): void {
    this.firedAtMs.push(nowMs)
    this.#onDeadline(nowMs)
  }
}

let wheel: DeadlineWheel

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] })
  wheel = new DeadlineWheel()
})

afterEach(() => {
  wheel.stop()
  vi.useRealTimers()
})

describe('an armed entry', () => {
  test.each([0, 1, 9, 10, 11, 50, 1_000, ROUND_MS - 1, ROUND_MS, ROUND_MS + 1, 3 * ROUND_MS + 5, 60_000])(
    'fires once after %d ms, not early and at most two ticks late',
    delayMs => {
      vi.advanceTimersByTime(3)
      const entry = new Entry()
      const dueMs = performance.now() + delayMs
      wheel.arm(entry, delayMs)
      vi.advanceTimersByTime(delayMs + ROUND_MS + 100)
      expect(entry.firedAtMs).toHaveLength(1)
      expect(entry.firedAtMs[0]).toBeGreaterThanOrEqual(dueMs)
      expect(entry.firedAtMs[0]).toBeLessThan(dueMs + 2 * TICK_MS)
    },
  )

  test('fires at its new time when it is armed again', () => {
    const entry = new Entry()
    wheel.arm(entry, 50)
    vi.advanceTimersByTime(40)
    wheel.arm(entry, 500)
    vi.advanceTimersByTime(2 * ROUND_MS)
    expect(entry.firedAtMs).toHaveLength(1)
    expect(entry.firedAtMs[0]).toBeGreaterThanOrEqual(540)
  })

  test('never fires after it was disarmed; disarming twice, or what was never armed, does nothing', () => {
    const [kept, gone, never] = [new Entry(), new Entry(), new Entry()]
    wheel.arm(kept, 50)
    wheel.arm(gone, 50)
    wheel.disarm(gone)
    wheel.disarm(gone)
    wheel.disarm(never)
    vi.advanceTimersByTime(2 * ROUND_MS)
    expect([kept.firedAtMs.length, gone.firedAtMs.length, never.firedAtMs.length]).toEqual([1, 0, 0])
  })

  test('fires as soon as a thread that was busy for a long time is back', () => {
    const entries = Array.from({ length: 100 }, () => new Entry())
    entries.forEach((entry, i) => wheel.arm(entry, i * 300))
    const nowMs = performance.now()
    vi.spyOn(performance, 'now').mockReturnValue(nowMs + 40_000)
    vi.advanceTimersByTime(TICK_MS)
    vi.restoreAllMocks()
    expect(entries.every(entry => entry.firedAtMs.length === 1)).toBe(true)
  })
})

describe('deadlines that pass together', () => {
  test('leave every turn of the event loop to the others as well, and pass soon all the same', async () => {
    const turns: number[] = []
    let turn = 0
    const entries = Array.from(
      { length: 20 },
      () =>
        new Entry(() => {
          turns.push(turn)
          vi.advanceTimersByTime(1)
        }),
    )
    for (const entry of entries) wheel.arm(entry, 50)
    vi.advanceTimersByTime(60)
    while (turns.length < entries.length && turn < 100) {
      turn++
      await new Promise(resolve => setImmediate(resolve))
    }
    expect(turns.length).toBe(20)
    expect(new Set(turns).size).toBeGreaterThanOrEqual(19)
    expect(entries.every(entry => entry.firedAtMs.length === 1)).toBe(true)
  })

  test('do not pass any more once the wheel is stopped', async () => {
    const entries = Array.from({ length: 3 }, () => new Entry(() => vi.advanceTimersByTime(1)))
    for (const entry of entries) wheel.arm(entry, 50)
    vi.advanceTimersByTime(60)
    wheel.stop()
    for (let turn = 0; turn < 10; turn++) await new Promise(resolve => setImmediate(resolve))
    expect(entries.filter(entry => entry.firedAtMs.length > 0)).toHaveLength(1)
  })
})

describe('a callback', () => {
  test('may arm its own entry again', () => {
    const entry: Entry = new Entry(() => {
      if (entry.firedAtMs.length < 5) wheel.arm(entry, 100)
    })
    wheel.arm(entry, 100)
    vi.advanceTimersByTime(2 * ROUND_MS)
    expect(entry.firedAtMs).toHaveLength(5)
    for (let i = 1; i < 5; i++) {
      expect((entry.firedAtMs[i] as number) - (entry.firedAtMs[i - 1] as number)).toBeGreaterThanOrEqual(100)
    }
  })

  test.each([
    ['disarm', (entry: Entry) => wheel.disarm(entry), 0],
    ['arm anew', (entry: Entry) => wheel.arm(entry, 3_000), 1],
  ])('may %s any neighbour without harm to the others', (_, act, fires) => {
    for (let victim = 0; victim < 5; victim++) {
      const entries: Entry[] = Array.from({ length: 5 }, () => new Entry())
      // Entries of one slot fire last armed first.
      const actor = new Entry(() => act(entries[victim] as Entry))
      for (const entry of entries) wheel.arm(entry, 50)
      wheel.arm(actor, 50)
      const startMs = performance.now()
      vi.advanceTimersByTime(200)
      entries.forEach((entry, i) => expect([i, entry.firedAtMs.length]).toEqual([i, i === victim ? 0 : 1]))
      vi.advanceTimersByTime(ROUND_MS)
      const late = (entries[victim] as Entry).firedAtMs
      expect(late).toHaveLength(fires)
      for (const atMs of late) expect(atMs).toBeGreaterThanOrEqual(startMs + 3_050)
    }
  })
})

describe('the wheel', () => {
  test('fires each of 10 000 entries, armed, armed again and disarmed at random, exactly once and in time', () => {
    let seed = 7
    const random = (below: number): number => {
      seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0
      return Math.floor((seed / 2 ** 32) * below)
    }
    const due = new Map<Entry, number>()
    const entries = Array.from({ length: 10_000 }, () => new Entry())
    const arm = (entry: Entry): void => {
      const delayMs = random(1.5 * ROUND_MS)
      due.set(entry, performance.now() + delayMs)
      wheel.arm(entry, delayMs)
    }
    for (const entry of entries) {
      if (random(10) === 0) vi.advanceTimersByTime(1)
      arm(entry)
      const other = entries[random(entries.length)] as Entry
      if (other.firedAtMs.length > 0 || !due.has(other)) continue
      if (random(2) === 0) arm(other)
      else {
        wheel.disarm(other)
        due.delete(other)
      }
    }
    vi.advanceTimersByTime(2 * ROUND_MS)
    expect(due.size).toBeGreaterThan(5_000)
    for (const entry of entries) {
      const dueMs = due.get(entry)
      expect(entry.firedAtMs).toHaveLength(dueMs === undefined ? 0 : 1)
      if (dueMs === undefined) continue
      expect(entry.firedAtMs[0]).toBeGreaterThanOrEqual(dueMs)
      expect(entry.firedAtMs[0]).toBeLessThan(dueMs + 2 * TICK_MS)
    }
  })

  test('has no timer while nothing is armed, and one again when something is', () => {
    expect(vi.getTimerCount()).toBe(0)
    const entry = new Entry()
    wheel.arm(entry, 50)
    wheel.arm(new Entry(), 60)
    expect(vi.getTimerCount()).toBe(1)
    vi.advanceTimersByTime(100)
    expect(vi.getTimerCount()).toBe(0)
    vi.advanceTimersByTime(3 * ROUND_MS)
    wheel.arm(entry, 50)
    vi.advanceTimersByTime(100)
    expect(entry.firedAtMs).toHaveLength(2)
  })

  test('fires nothing after it was stopped', () => {
    const entry = new Entry()
    wheel.arm(entry, 50)
    wheel.stop()
    vi.advanceTimersByTime(ROUND_MS)
    expect(entry.firedAtMs).toEqual([])
  })
})

import { describe, expect, test } from 'vitest'
import { windowsOf, type Timeline } from '../../../loadtest/load-windows.ts'
import { ratioOfMedians } from '../../../loadtest/statistics.ts'
import { StolenTime } from '../../../loadtest/stolen-time.ts'

/** A request each millisecond, the first one due at `fromMs`. */
function timeline(latenciesUs: readonly number[], fromMs = 1000): Timeline {
  return { latenciesUs: Uint32Array.from(latenciesUs), dueMs: request => fromMs + request }
}

/** Read every 50 ms from 500 ms on; each of `takenAtMs` is a tick that the kernel books then. */
function stolen(...takenAtMs: number[]): StolenTime {
  let nowMs = 0
  const time = new StolenTime(() => takenAtMs.filter(atMs => atMs <= nowMs).length)
  for (nowMs = 500; nowMs <= 3000; nowMs++) time.beat(nowMs)
  return time
}

describe('windows of a measurement', () => {
  test('hold the p99 of the requests that were due in them, whenever they were answered', () => {
    const latencies = Array.from({ length: 500 }, (_, i) => (i < 250 ? 100 + i : 7))
    latencies[260] = 90_000
    latencies[261] = 80_000
    latencies[262] = 70_000
    const [first, second, ...more] = windowsOf(timeline(latencies), 1000, 1500, stolen())
    expect(first).toEqual({ p99Us: 347, disturbed: false })
    expect(second).toEqual({ p99Us: 70_000, disturbed: false })
    expect(more).toEqual([])
  })

  test('leave out what was sent before the measurement, failed at once, or lies in a part of a window', () => {
    const latencies = Array.from({ length: 700 }, (_, i): number => (i < 250 ? 9_999 : i < 500 ? 5 : 8_888))
    latencies[300] = 0
    expect(windowsOf(timeline(latencies, 750), 1000, 1400, stolen())).toEqual([{ p99Us: 5, disturbed: false }])
    expect(windowsOf(timeline(Array(250).fill(0)), 1000, 1250, stolen())).toEqual([{ p99Us: null, disturbed: false }])
  })

  test('are disturbed when the host took time in them or just beside them, and only then', () => {
    const latencies = Array(1500).fill(5)
    const disturbed = (atMs: number): boolean[] =>
      windowsOf(timeline(latencies), 1000, 2500, stolen(atMs)).map(window => window.disturbed)
    expect(disturbed(1625)).toEqual([false, false, true, false, false, false])
    expect(disturbed(1770)).toEqual([false, false, true, true, false, false])
    expect(disturbed(700)).toEqual([false, false, false, false, false, false])
  })

  test('are disturbed when nobody looked', () => {
    expect(windowsOf(timeline(Array(250).fill(5)), 1000, 1250, new StolenTime(() => 0))).toEqual([
      { p99Us: 5, disturbed: true },
    ])
  })
})

describe('the ratio of two medians', () => {
  test('of equal rounds is exact', () => {
    const rounds = Array.from({ length: 5 }, () => ({ over: [110, 120, 100], under: [100] }))
    expect(ratioOfMedians(rounds)).toEqual({ median: 1.1, min: 1.1, max: 1.1 })
  })

  test('of one side without values is unknown', () => {
    expect(ratioOfMedians([{ over: [1], under: [] }])).toBeNull()
    expect(ratioOfMedians([])).toBeNull()
  })

  test('has an interval that holds the true ratio about nine times in ten', () => {
    let state = 7
    const random = (): number => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647
    // Rounds differ by far more than what is sought, both sides of one alike in the mean only.
    const side = (of: number): number[] => {
      const round = 0.9 + 0.2 * random()
      return Array.from({ length: 12 }, () => of * round * (0.95 + 0.1 * random()))
    }
    const hits = Array.from({ length: 80 }, () => {
      const found = ratioOfMedians(Array.from({ length: 9 }, () => ({ over: side(1.03), under: side(1) })))
      return found !== null && found.min <= 1.03 && 1.03 <= found.max
    }).filter(Boolean).length
    expect(hits).toBeGreaterThan(62)
    expect(hits).toBeLessThan(80)
  })
})

import { describe, expect, test } from 'vitest'
import { LatencyRecorder } from '../../../src/analysis/latency.ts'

const START_US = 1_700_000_000_000_000
const SECOND_US = 1_000_000
const MINUTE_US = 60 * SECOND_US

/** Makes and releases this many, and returns the memory of the process in bytes. */
function turns(count: number): number {
  for (let i = 0; i < count; i++) {
    const recorder = new LatencyRecorder()
    recorder.record(1000, START_US)
    recorder.release()
  }
  return process.memoryUsage().rss
}

describe('LatencyRecorder', () => {
  test('has nothing to say at first', () => {
    expect(new LatencyRecorder().summary(START_US)).toEqual({ lastMinute: null, tenMinutes: null, all: null })
  })

  test('percentiles are within one percent', () => {
    const recorder = new LatencyRecorder()
    for (let i = 1; i <= 10_000; i++) recorder.record(i * 10, START_US)
    const { lastMinute, tenMinutes, all } = recorder.summary(START_US)
    expect(all).toEqual(lastMinute)
    expect(all).toEqual(tenMinutes)
    expect(all?.count).toBe(10_000)
    for (const [found, exact] of [
      [all?.p50, 50_000],
      [all?.p90, 90_000],
      [all?.p99, 99_000],
      [all?.max, 100_000],
    ]) {
      expect(Math.abs((found as number) / (exact as number) - 1)).toBeLessThan(0.01)
    }
  })

  test('the last minute forgets after a minute, the last ten after ten, all never', () => {
    const recorder = new LatencyRecorder()
    recorder.record(1000, START_US)
    const counts = (nowUs: number) => {
      const { lastMinute, tenMinutes, all } = recorder.summary(nowUs)
      return [lastMinute?.count ?? 0, tenMinutes?.count ?? 0, all?.count ?? 0]
    }
    expect(counts(START_US + 45 * SECOND_US)).toEqual([1, 1, 1])
    expect(counts(START_US + 61 * SECOND_US)).toEqual([0, 1, 1])
    expect(counts(START_US + 8 * MINUTE_US)).toEqual([0, 1, 1])
    expect(counts(START_US + 10 * MINUTE_US + SECOND_US)).toEqual([0, 0, 1])
  })

  test('steady traffic fills each of the three as far as it reaches', () => {
    const recorder = new LatencyRecorder()
    const start = Math.ceil(START_US / MINUTE_US) * MINUTE_US
    for (let second = 0; second < 20 * 60; second++) recorder.record(1000, start + second * SECOND_US)
    const { lastMinute, tenMinutes, all } = recorder.summary(start + (20 * 60 - 1) * SECOND_US)
    expect([lastMinute?.count, tenMinutes?.count, all?.count]).toEqual([60, 600, 1200])
  })

  test('a pause longer than everything it remembers leaves all only', () => {
    const recorder = new LatencyRecorder()
    recorder.record(1000, START_US)
    recorder.record(1000, START_US + 1000 * MINUTE_US)
    const { lastMinute, tenMinutes, all } = recorder.summary(START_US + 1000 * MINUTE_US)
    expect([lastMinute?.count, tenMinutes?.count, all?.count]).toEqual([1, 1, 2])
  })

  test('takes what the histogram itself would throw at', () => {
    const recorder = new LatencyRecorder()
    for (const odd of [Number.NaN, -5, Infinity, 1e12, 0.4]) recorder.record(odd, START_US)
    expect(recorder.summary(START_US).all?.count).toBe(5)
  })

  test('gives its memory back: 2 000 of them in turn do not add up', () => {
    const before = turns(200)
    // Kept, these would be some 400 MB.
    expect(turns(2000) - before).toBeLessThan(100e6)
  })
})

import { describe, expect, test } from 'vitest'
import { ArrivalSchedule } from '../../../loadtest/arrival-schedule.ts'

describe('ArrivalSchedule', () => {
  test('spreads requests evenly at a single rate', () => {
    const schedule = new ArrivalSchedule([{ ratePerS: 400, forMs: 1000 }])
    expect(schedule.total).toBe(400)
    expect([0, 1, 2, 399].map(request => schedule.dueMs(request))).toEqual([0, 2.5, 5, 997.5])
  })

  test('begins each step at its time, whatever the step before left over', () => {
    const schedule = new ArrivalSchedule([
      { ratePerS: 3, forMs: 500 }, // one request and a half
      { ratePerS: 1000, forMs: 3 },
      { ratePerS: 10, forMs: 200 },
    ])
    expect(schedule.total).toBe(1 + 3 + 2)
    expect([0, 1, 2, 3, 4, 5].map(request => schedule.dueMs(request))).toEqual([0, 500, 501, 502, 503, 603])
    expect(schedule.fastestPerS).toBe(1000)
  })

  test('passes over steps without a request', () => {
    const schedule = new ArrivalSchedule([
      { ratePerS: 10, forMs: 0 },
      { ratePerS: 10, forMs: 100 },
    ])
    expect(schedule.dueMs(0)).toBe(0)
    expect(schedule.total).toBe(1)
  })
})

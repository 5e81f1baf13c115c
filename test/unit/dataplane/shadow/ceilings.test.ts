import { describe, expect, test } from 'vitest'
import type { CeilingsPlan } from '../../../../src/config/snapshot.ts'
import { Ceilings } from '../../../../src/dataplane/shadow/ceilings.ts'
import { Spending } from '../../../../src/wire/spending.ts'

const NONE: CeilingsPlan = { perSecond: null, perDay: null, bytesPerDay: null }
const NOON_US = Date.UTC(2026, 10, 27, 12) * 1e3
const DAY_US = 86_400e6

const ceilings = (plan: Partial<CeilingsPlan>, spending = new Spending()): Ceilings =>
  new Ceilings({ ...NONE, ...plan }, spending)

describe('E13: the ceilings of a shadow', () => {
  test('of a rate: what is too many for it is not counted for the day', () => {
    const both = ceilings({ perSecond: 1, perDay: 2 })
    const taken = [0, 1, 1_000_001, 2_000_002].map(us => both.take(0, NOON_US + us))
    expect(taken).toEqual([null, 'rate_ceiling', null, 'daily_ceiling'])
  })

  test('of a day, until midnight', () => {
    const daily = ceilings({ perDay: 2 })
    expect([0, 1, 2].map(us => daily.take(0, NOON_US + us))).toEqual([null, null, 'daily_ceiling'])
    expect(daily.take(0, NOON_US + DAY_US)).toBeNull()
  })

  test('of bytes: requests and answers count', () => {
    const bytes = ceilings({ bytesPerDay: 100 })
    expect(bytes.take(60, NOON_US)).toBeNull()
    expect(bytes.take(39, NOON_US)).toBeNull()
    bytes.spend(1, NOON_US)
    expect(bytes.take(0, NOON_US)).toBe('daily_ceiling')
    expect(bytes.take(0, NOON_US + DAY_US)).toBeNull()
  })

  test('hold for all threads together', () => {
    const spending = new Spending()
    const threads = [1, 2].map(() => ceilings({ perDay: 3 }, new Spending(spending.memory)))
    const taken = threads.map(thread => [0, 1].map(us => thread.take(0, NOON_US + us)))
    expect(taken).toEqual([
      [null, null],
      [null, 'daily_ceiling'],
    ])
  })

  test('are news once a day', () => {
    const daily = ceilings({ perDay: 1 })
    expect([0, 1, DAY_US].map(us => daily.isNews(NOON_US + us))).toEqual([true, false, true])
  })
})

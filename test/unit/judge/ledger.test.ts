import { describe, expect, test } from 'vitest'
import { Ledger, ORIGINS_KEPT } from '../../../src/judge/ledger.ts'
import { WINDOWS_KEPT } from '../../../src/judge/window-archive.ts'
import { emptyCounts } from '../../../src/wire/window.ts'
import { countsOf, sealedWindow } from '../../support/windows.ts'

const one = () => countsOf({ eligible: 2, sampled: 1, sent: 1, pairs: 1, outcomes: { agree: 1 } })
const window = (second: number, origin = 'a/1/0', experiment = 'e') => sealedWindow(experiment, origin, second, one())

describe('Ledger', () => {
  test('folds the windows of an experiment, of all origins and of none other', () => {
    const ledger = new Ledger()
    ledger.add(window(10))
    ledger.add(window(10, 'a/1/1'))
    ledger.add(window(11))
    ledger.add(window(10, 'a/1/0', 'other'))
    expect(ledger.counts('e')).toMatchObject({ eligible: 6, pairs: 3, outcomes: { agree: 3 } })
    expect(ledger.counts('other').pairs).toBe(1)
    expect(ledger.counts('unknown')).toEqual(emptyCounts())
    expect(ledger.experiments()).toEqual(['e', 'other'])
  })

  test('counts a window that is delivered twice once', () => {
    const ledger = new Ledger()
    expect([ledger.add(window(10)), ledger.add(window(11)), ledger.add(window(10)), ledger.add(window(11))]).toEqual([
      true,
      true,
      false,
      false,
    ])
    expect(ledger.ignored).toEqual({ duplicate: 2, late: 0, unknown_experiment: 0, corrupt: 0 })
    expect(ledger.counts('e').pairs).toBe(2)
    expect(ledger.windows('e', 10)).toHaveLength(2)
  })

  test('gives the newest windows, newest last, at most as many as asked', () => {
    const ledger = new Ledger()
    for (let second = 0; second < 5; second++) ledger.add(window(second))
    expect(ledger.windows('e', 2).map(each => each.second)).toEqual([3, 4])
    expect(ledger.windows('e', 0)).toEqual([])
    expect(ledger.windows('unknown', 5)).toEqual([])
  })

  test('forgets old windows but not what they counted', () => {
    const ledger = new Ledger()
    const count = 2 * WINDOWS_KEPT + 10
    for (let second = 0; second < count; second++) ledger.add(window(second))
    const kept = ledger.windows('e', Number.POSITIVE_INFINITY)
    expect(kept).toHaveLength(WINDOWS_KEPT)
    expect(kept.at(-1)?.second).toBe(count - 1)
    expect(ledger.counts('e').pairs).toBe(count)
    expect(ledger.add(window(0))).toBe(false)
  })

  test('ignores a window that comes behind a later one of its origin, and says whether it was in before', () => {
    const ledger = new Ledger()
    for (const second of [10, 12, 11, 10, 12]) ledger.add(window(second))
    expect(ledger.ignored).toMatchObject({ duplicate: 2, late: 1 })
    expect(ledger.counts('e').pairs).toBe(2)
  })

  test('counts nothing twice although it remembers only so many origins', () => {
    const ledger = new Ledger()
    const restarts = Array.from({ length: ORIGINS_KEPT + 50 }, (_, i) => window(i, `a/${i}/0`))
    for (const each of restarts) expect(ledger.add(each)).toBe(true)
    for (const each of restarts) expect(ledger.add(each)).toBe(false)
    expect(ledger.entry('e')?.lastSecond.size).toBe(ORIGINS_KEPT)
    expect(ledger.counts('e').pairs).toBe(restarts.length)
    expect(ledger.add(window(restarts.length, 'a/new/0'))).toBe(true)
  })

  test('no longer counts an experiment as recent when others go on for an hour without it', () => {
    const ledger = new Ledger()
    ledger.add(window(10, 'a/1/0', 'ended'))
    ledger.add(window(3_609))
    expect(ledger.recentExperiments()).toEqual(['ended', 'e'])
    ledger.add(window(3_610))
    expect(ledger.recentExperiments()).toEqual(['e'])
    expect(ledger.experiments()).toEqual(['ended', 'e'])
  })

  test('what it gives out is the caller’s: changing it changes nothing', () => {
    const ledger = new Ledger()
    ledger.add(window(10))
    ledger.counts('e').outcomes.agree = 99
    ledger.windows('e', 1).pop()
    expect(ledger.counts('e').outcomes.agree).toBe(1)
    expect(ledger.windows('e', 1)).toHaveLength(1)
  })
})

import { describe, expect, test } from 'vitest'
import { Ledger, WINDOWS_KEPT } from '../../../src/judge/ledger.ts'
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
    expect(ledger.duplicates).toBe(2)
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

  test('what it gives out is the caller’s: changing it changes nothing', () => {
    const ledger = new Ledger()
    ledger.add(window(10))
    ledger.counts('e').outcomes.agree = 99
    ledger.windows('e', 1).pop()
    expect(ledger.counts('e').outcomes.agree).toBe(1)
    expect(ledger.windows('e', 1)).toHaveLength(1)
  })
})

import { describe, expect, test } from 'vitest'
import { Windows, type CountedPair } from '../../../src/analysis/windows.ts'
import { LATENCY_BUCKETS, latencyBucket, logRatioBucket } from '../../../src/wire/latency-grid.ts'
import type { WindowCounts } from '../../../src/wire/window.ts'
import { countsOf } from '../../support/windows.ts'

const EXPERIMENT = 'digits.v2.00000000'
const agree: CountedPair = {
  result: 'agree',
  slowdownRatio: 1.1,
  primaryUs: 2000,
  shadowUs: 4000,
  isRepeat: false,
  firstTokens: null,
  isStochastic: false,
}
const sent = (n: number, pairs = n): WindowCounts => countsOf({ eligible: n, sampled: n, sent: n, pairs })

describe('Windows', () => {
  test('seals a second once its thread has settled it, oldest first, and only once', () => {
    const windows = new Windows()
    for (const second of [12, 10, 11]) {
      windows.addCounts('t', EXPERIMENT, second, sent(1))
      windows.addPair('t', EXPERIMENT, second, agree)
    }
    expect(windows.settle('t', 12).map(window => window.second)).toEqual([10, 11])
    expect(windows.settle('t', 12)).toEqual([])
    expect(windows.settle('t', 13)).toMatchObject([
      {
        schema: 'understudy.window/1',
        experiment: EXPERIMENT,
        origin: 't',
        second: 12,
        counts: { pairs: 1, outcomes: { agree: 1 } },
      },
    ])
  })

  test('nothing enters a window that is sealed', () => {
    const windows = new Windows()
    windows.addCounts('t', EXPERIMENT, 10, sent(1))
    windows.settle('t', 11)
    expect(windows.addPair('t', EXPERIMENT, 10, agree)).toBe(false)
    expect(windows.addCounts('t', EXPERIMENT, 10, sent(1))).toBe(false)
    expect(windows.settle('t', 20)).toEqual([])
  })

  test('threads have windows of their own, and one without traffic has none', () => {
    const windows = new Windows()
    windows.addPair('a', EXPERIMENT, 10, agree)
    expect(windows.settle('b', 100)).toEqual([])
    expect(windows.settle('a', 11)).toHaveLength(1)
  })

  test('counts of two revisions of one experiment in one second are one window', () => {
    const windows = new Windows()
    for (let i = 0; i < 2; i++) {
      windows.addCounts('t', EXPERIMENT, 10, sent(1))
      windows.addPair('t', EXPERIMENT, 10, agree)
    }
    expect(windows.settle('t', 11)).toMatchObject([{ counts: { sent: 2, pairs: 2 } }])
  })

  test('a failed leg counts in the last bucket and has no ratio', () => {
    const windows = new Windows()
    windows.addCounts('t', EXPERIMENT, 10, sent(2))
    windows.addPair('t', EXPERIMENT, 10, agree)
    windows.addPair('t', EXPERIMENT, 10, { ...agree, result: 'shadow_error' })
    expect(windows.settle('t', 11)[0]?.counts.latency).toEqual({
      primary: { [latencyBucket(2000)]: 2 },
      shadow: { [latencyBucket(4000)]: 1, [LATENCY_BUCKETS - 1]: 1 },
      logRatio: { [logRatioBucket(Math.log(2))]: 1 },
    })
  })

  test('a thread that crashed loses what it sent and did not pair', () => {
    const windows = new Windows()
    windows.addCounts(
      't',
      EXPERIMENT,
      10,
      countsOf({ eligible: 9, sampled: 8, sent: 6, pairs: 3, unpaired: { client_gone: 1 }, dropped: { in_flight: 2 } }),
    )
    for (let i = 0; i < 3; i++) windows.addPair('t', EXPERIMENT, 10, agree)
    expect(windows.close('t', 'thread_crash')).toMatchObject([
      { counts: { sent: 6, pairs: 3, unpaired: { client_gone: 1, thread_crash: 2 } } },
    ])
    expect(windows.close('t', 'thread_crash')).toEqual([])
  })

  test('frames whose tally died with the thread prove what they are', () => {
    const windows = new Windows()
    windows.addPair('t', EXPERIMENT, 10, agree)
    expect(windows.close('t', 'thread_crash')).toMatchObject([
      { counts: { eligible: 1, sampled: 1, sent: 1, pairs: 1, outcomes: { agree: 1 }, unpaired: { thread_crash: 0 } } },
    ])
  })

  test('a pair whose frame was lost is sealed as not captured, and told', () => {
    const told: unknown[] = []
    const windows = new Windows((experiment, pairs) => told.push([experiment, pairs]))
    windows.addCounts('t', EXPERIMENT, 10, sent(3))
    windows.addPair('t', EXPERIMENT, 10, agree)
    expect(windows.settle('t', 11)).toMatchObject([
      { counts: { pairs: 3, outcomes: { agree: 1, incomparable: 2 }, incomparable: { not_captured: 2 } } },
    ])
    expect(told).toEqual([[EXPERIMENT, 2]])
  })

  test('counts requests of both arms by the percentage they were assigned at, one vote a key', () => {
    const windows = new Windows()
    const request = { arrivedAtUs: 1, key: 3, percent: 5, arm: 'canary', failed: false, latencyBucket: 7 } as const
    const voted = new Set<number>()
    const isVote = ({ key }: { key: number | null }): boolean => {
      if (key === null || voted.has(key)) return key === null
      voted.add(key)
      return true
    }
    windows.addArms('t', EXPERIMENT, 10, [request, request, { ...request, key: null, failed: true }], isVote)
    windows.addArms('t', EXPERIMENT, 10, [{ ...request, key: 50, percent: 20, arm: 'primary' }], isVote)
    const none = { requests: 0, errors: 0, latency: {}, repeats: 0 }
    expect(windows.settle('t', 11)[0]?.counts.arms).toEqual({
      '5': { primary: none, canary: { requests: 2, errors: 1, latency: { '7': 2 }, repeats: 1 } },
      '20': { primary: { requests: 1, errors: 0, latency: { '7': 1 }, repeats: 0 }, canary: none },
    })
    expect(windows.addArms('t', EXPERIMENT, 10, [request], isVote)).toBe(false)
  })
})

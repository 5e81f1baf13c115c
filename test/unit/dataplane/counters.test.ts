import { describe, expect, test } from 'vitest'
import { Counters } from '../../../src/dataplane/counters.ts'
import { DURATION_EDGES_SECONDS } from '../../../src/wire/messages.ts'
import { DROP_REASONS, UNPAIRED_REASONS, zeroes } from '../../../src/wire/outcomes.ts'

const BUCKETS = DURATION_EDGES_SECONDS.length + 1

/** Bucket counts with ones at these places. */
const ones = (...places: number[]): number[] => Array.from({ length: BUCKETS }, (_, i) => (places.includes(i) ? 1 : 0))

describe('an arm', () => {
  test('has a row of zeroes from the start', () => {
    const counters = new Counters()
    counters.arm('churn', 'canary')
    const nothing = { buckets: ones(), sum: 0 }
    expect(counters.requests()).toEqual([
      { route: 'churn', arm: 'canary', codeClass: '2xx', duration: nothing, timeToFirstByte: nothing },
    ])
  })

  test.each([
    [0, 'none'],
    [101, '1xx'],
    [200, '2xx'],
    [302, '3xx'],
    [499, '4xx'],
    [504, '5xx'],
    [999, '5xx'],
  ])('counts status %d as %s', (status, codeClass) => {
    const counters = new Counters()
    counters.arm('churn', 'primary').answered(status, 1_000, 500)
    const counted = counters.requests().filter(row => row.duration.buckets.some(count => count > 0))
    expect(counted.map(row => row.codeClass)).toEqual([codeClass])
  })

  test('puts a duration on an edge into the bucket that ends there, and a longer one into the next', () => {
    const counters = new Counters()
    const arm = counters.arm('churn', 'primary')
    arm.answered(200, 500, 500)
    arm.answered(200, 60_000_000, 1_000)
    arm.answered(200, 60_000_001, 1_001)
    const [row] = counters.requests()
    expect(row?.duration.buckets).toEqual(ones(0, BUCKETS - 2, BUCKETS - 1))
    expect(row?.duration.sum).toBeCloseTo(120.000501, 9)
    expect(row?.timeToFirstByte.buckets).toEqual(ones(0, 1, 2))
  })

  test('counts no first byte for an answer that had none', () => {
    const counters = new Counters()
    counters.arm('churn', 'primary').answered(0, 1_000, 1_000)
    const row = counters.requests().find(one => one.codeClass === 'none')
    expect([row?.duration.buckets, row?.timeToFirstByte]).toEqual([ones(1), { buckets: ones(), sum: 0 }])
  })

  test('is the same one for the same name, also after a reload, and its own for another', () => {
    const counters = new Counters()
    const arm = counters.arm('churn', 'primary')
    expect(counters.arm('churn', 'primary')).toBe(arm)
    expect(counters.arm('churn', 'canary')).not.toBe(arm)
    expect(counters.arm('fraud', 'primary')).not.toBe(arm)
  })
})

describe('a shadow', () => {
  test('has every count and every reason from the start', () => {
    const counters = new Counters()
    counters.shadow('churn', 'churn-v2')
    expect(counters.shadows()).toEqual([
      {
        route: 'churn',
        shadow: 'churn-v2',
        eligible: 0,
        sampled: 0,
        sent: 0,
        dropped: zeroes(DROP_REASONS),
        pairs: 0,
        unpaired: zeroes(UNPAIRED_REASONS),
        inFlight: 0,
      },
    ])
  })

  test('is the same one for the same route and name', () => {
    const counters = new Counters()
    counters.shadow('churn', 'churn-v2').sent++
    counters.shadow('churn', 'churn-v2').sent++
    counters.shadow('fraud', 'churn-v2').sent++
    expect(counters.shadows().map(row => [row.route, row.sent])).toEqual([
      ['churn', 2],
      ['fraud', 1],
    ])
  })
})

describe('errors', () => {
  test('are counted by route, leg and code', () => {
    const counters = new Counters()
    counters.error('churn', 'primary', 'UPSTREAM_RESET')
    counters.error('churn', 'shadow', 'UPSTREAM_RESET')
    counters.error('churn', 'primary', 'UPSTREAM_RESET')
    expect(counters.errors()).toEqual([
      { route: 'churn', leg: 'primary', code: 'UPSTREAM_RESET', count: 2 },
      { route: 'churn', leg: 'shadow', code: 'UPSTREAM_RESET', count: 1 },
    ])
  })
})

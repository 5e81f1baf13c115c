import { describe, expect, test } from 'vitest'
import { foldCounters, withoutGauges } from '../../../src/control/fold-counters.ts'
import { DROP_REASONS, UNPAIRED_REASONS, zeroes } from '../../../src/wire/outcomes.ts'
import { histogram, requestCounters, shadowCounters, threadCounters } from '../../support/thread-counters.ts'

describe('folded counters', () => {
  test('of no thread are empty', () => {
    expect(foldCounters([])).toEqual({
      requests: [],
      shadows: [],
      errors: [],
      upstreams: [],
      arms: [],
      connections: 0,
      inFlight: 0,
    })
  })

  test('add the requests of a route, arm and class bucket by bucket, and keep the others apart', () => {
    const a = threadCounters({
      requests: [
        requestCounters({ duration: histogram(1.5, 0, 3), timeToFirstByte: histogram(0.5, 0, 1) }),
        requestCounters({ arm: 'canary', duration: histogram(9, 9) }),
      ],
    })
    const b = threadCounters({
      requests: [
        requestCounters({ duration: histogram(2, 3), timeToFirstByte: histogram(1, 1) }),
        requestCounters({ codeClass: '5xx', duration: histogram(7, 7) }),
        requestCounters({ route: 'fraud', duration: histogram(8, 8) }),
      ],
    })
    expect(foldCounters([a, b]).requests).toEqual([
      requestCounters({ duration: histogram(3.5, 0, 3, 3), timeToFirstByte: histogram(1.5, 0, 1, 1) }),
      requestCounters({ arm: 'canary', duration: histogram(9, 9) }),
      requestCounters({ codeClass: '5xx', duration: histogram(7, 7) }),
      requestCounters({ route: 'fraud', duration: histogram(8, 8) }),
    ])
  })

  test('add every count and reason of a shadow', () => {
    const one = shadowCounters({
      eligible: 10,
      sampled: 8,
      sent: 6,
      dropped: { ...zeroes(DROP_REASONS), body_limit: 1, in_flight: 1 },
      pairs: 4,
      unpaired: { ...zeroes(UNPAIRED_REASONS), client_gone: 2 },
      inFlight: 3,
    })
    const other = shadowCounters({
      eligible: 100,
      sampled: 3,
      sent: 2,
      dropped: { ...zeroes(DROP_REASONS), in_flight: 1 },
      pairs: 1,
      unpaired: { ...zeroes(UNPAIRED_REASONS), shutdown: 1 },
      inFlight: 1,
    })
    expect(foldCounters([threadCounters({ shadows: [one] }), threadCounters({ shadows: [other] })]).shadows).toEqual([
      shadowCounters({
        eligible: 110,
        sampled: 11,
        sent: 8,
        dropped: { ...zeroes(DROP_REASONS), body_limit: 1, in_flight: 2 },
        pairs: 5,
        unpaired: { ...zeroes(UNPAIRED_REASONS), client_gone: 2, shutdown: 1 },
        inFlight: 4,
      }),
    ])
  })

  test('add errors by route, leg and code, arms by route and arm, gauges over threads', () => {
    const error = { route: 'churn', leg: 'primary', code: 'UPSTREAM_RESET' } as const
    const a = threadCounters({
      errors: [{ ...error, count: 2 }],
      arms: [{ route: 'churn', arm: 'canary', retries: 1, fallbacks: 4 }],
      connections: 5,
      inFlight: 2,
    })
    const b = threadCounters({
      errors: [
        { ...error, leg: 'shadow', count: 7 },
        { ...error, count: 3 },
      ],
      arms: [{ route: 'churn', arm: 'canary', retries: 2, fallbacks: 5 }],
      connections: 1,
      inFlight: 1,
    })
    const folded = foldCounters([a, b])
    expect(folded.errors).toEqual([
      { ...error, count: 5 },
      { ...error, leg: 'shadow', count: 7 },
    ])
    expect(folded.arms).toEqual([{ route: 'churn', arm: 'canary', retries: 3, fallbacks: 9 }])
    expect([folded.connections, folded.inFlight]).toEqual([6, 3])
  })

  test('show what the most pessimistic thread says of the endpoints of an upstream', () => {
    const upstreams = [2, 1, 3].map((healthyEndpoints, i) =>
      threadCounters({ upstreams: [{ upstream: 'churn-v1', inFlight: i, healthyEndpoints }] }),
    )
    expect(foldCounters(upstreams).upstreams).toEqual([{ upstream: 'churn-v1', inFlight: 3, healthyEndpoints: 1 }])
  })

  test('do not change what they add', () => {
    const a = threadCounters({ requests: [requestCounters({ duration: histogram(1, 1) })] })
    const before = structuredClone(a)
    foldCounters([a, a, a])
    expect(a).toEqual(before)
  })
})

describe('what a dead thread leaves behind', () => {
  test('is its totals, and nothing that was only true while it lived', () => {
    const counters = threadCounters({
      requests: [requestCounters({ duration: histogram(1, 1) })],
      shadows: [shadowCounters({ eligible: 3 })],
      errors: [{ route: 'churn', leg: 'primary', code: 'INTERNAL', count: 1 }],
      connections: 4,
      inFlight: 3,
      eventLoopLagSeconds: 0.5,
      busyShare: 0.7,
    })
    expect(withoutGauges(counters)).toEqual({
      ...counters,
      upstreams: [],
      connections: 0,
      inFlight: 0,
      eventLoopLagSeconds: 0,
      busyShare: 0,
    })
  })

  test('has every copy that was under way closed, so that the laws hold without it', () => {
    const row = shadowCounters({
      eligible: 30,
      sampled: 20,
      sent: 15,
      dropped: { ...zeroes(DROP_REASONS), in_flight: 2, upload_incomplete: 1 },
      pairs: 10,
      unpaired: { ...zeroes(UNPAIRED_REASONS), client_gone: 1, thread_crash: 0 },
      inFlight: 4,
    })
    expect(withoutGauges(threadCounters({ shadows: [row] })).shadows).toEqual([
      {
        ...row,
        dropped: { ...row.dropped, upload_incomplete: 1 + 2 },
        unpaired: { ...row.unpaired, thread_crash: 4 },
        inFlight: 0,
      },
    ])
  })

  test('is unchanged where everything had settled', () => {
    const settled = shadowCounters({
      eligible: 3,
      sampled: 3,
      sent: 2,
      dropped: { ...zeroes(DROP_REASONS), body_limit: 1 },
      pairs: 1,
      unpaired: { ...zeroes(UNPAIRED_REASONS), client_gone: 1 },
    })
    expect(withoutGauges(threadCounters({ shadows: [settled] })).shadows).toEqual([settled])
  })
})

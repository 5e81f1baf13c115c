import { afterEach, describe, expect, test } from 'vitest'
import type { UpstreamPlan } from '../../../../src/config/snapshot.ts'
import { DeadlineWheel } from '../../../../src/dataplane/deadline-wheel.ts'
import type { Endpoint } from '../../../../src/dataplane/upstream/endpoint.ts'
import { Upstream } from '../../../../src/dataplane/upstream/upstream.ts'
import { endpointPlan, upstreamPlan } from '../../../support/plans.ts'

const opened: Upstream[] = []
const wheel = new DeadlineWheel()

afterEach(() => {
  for (const upstream of opened.splice(0)) upstream.destroy()
  wheel.stop()
})

function open(endpoints: number, plan: Partial<UpstreamPlan> = {}): Upstream {
  const origins = Array.from({ length: endpoints }, (_, i) => endpointPlan(`http://127.0.0.1:${9_001 + i}`))
  const upstream = new Upstream(upstreamPlan({ endpoints: origins, ...plan }), wheel)
  opened.push(upstream)
  return upstream
}

const now = (): number => performance.now()

/** Picks and occupies: as many legs as connections are given. Returns the endpoints' indices. */
function occupy(upstream: Upstream, legs: number): (number | null)[] {
  return Array.from({ length: legs }, () => {
    const endpoint = upstream.pick()
    endpoint?.started(now())
    return endpoint?.index ?? null
  })
}

describe('round robin', () => {
  test('takes the endpoints in turn', () => {
    const picks = occupy(open(3, { balance: 'round-robin', connections: 10 }), 9) as number[]
    for (let i = 3; i < 9; i++) expect(picks[i]).toBe(picks[i - 3])
    expect(new Set(picks.slice(0, 3))).toEqual(new Set([0, 1, 2]))
  })

  test('goes on in turn while one is left out', () => {
    const upstream = open(3, { balance: 'round-robin', connections: 100 })
    ;(upstream.endpoints[1] as Endpoint).healthy = false
    const picks = occupy(upstream, 8) as number[]
    for (let i = 1; i < 8; i++)
      expect([picks[i - 1], picks[i]].toSorted((a, b) => Number(a) - Number(b))).toEqual([0, 2])
  })

  test('passes over an endpoint whose connections are all taken', () => {
    const upstream = open(2, { balance: 'round-robin', connections: 2 })
    for (let i = 0; i < 2; i++) upstream.endpoints[0]?.started(now())
    expect(occupy(upstream, 3)).toEqual([1, 1, null])
  })
})

describe('least in flight', () => {
  test('never takes the busier of two', () => {
    const upstream = open(2, { connections: 10 })
    const [idle, busy] = upstream.endpoints as [Endpoint, Endpoint]
    busy.started(now())
    for (let i = 0; i < 200; i++) expect(upstream.pick()).toBe(idle)
  })

  test('spreads legs over many endpoints almost evenly', () => {
    const upstream = open(10, { connections: 1_000 })
    occupy(upstream, 2_000)
    const counts = upstream.endpoints.map(endpoint => endpoint.inFlight)
    // The gap of two random choices grows like log log n: a few. One random choice would leave about ±45.
    expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(15)
    expect(upstream.inFlight).toBe(2_000)
  })
})

describe('the limit of connections', () => {
  test.each(['least-inflight', 'round-robin'] as const)('is used to the last one and never exceeded: %s', balance => {
    const upstream = open(3, { balance, connections: 4 })
    const picks = occupy(upstream, 12)
    expect(picks).not.toContain(null)
    expect(upstream.endpoints.map(endpoint => endpoint.inFlight)).toEqual([4, 4, 4])
    expect(upstream.pick()).toBeNull()
    upstream.ended(upstream.endpoints[1] as Endpoint, 'good')
    expect(upstream.pick()?.index).toBe(1)
  })

  test('holds for a single endpoint too', () => {
    expect(occupy(open(1, { connections: 2 }), 3)).toEqual([0, 0, null])
  })
})

describe('copies', () => {
  test('may take every connection of an upstream that is only a shadow', () => {
    const upstream = open(2, { connections: 3 })
    occupy(upstream, 5)
    expect(upstream.pickForCopy()).not.toBeNull()
    occupy(upstream, 1)
    expect(upstream.pickForCopy()).toBeNull()
  })

  test('leave half of them to clients where it has some', () => {
    const upstream = open(2, { connections: 3 })
    upstream.servesClients = true
    occupy(upstream, 2)
    expect(upstream.pickForCopy()).not.toBeNull()
    occupy(upstream, 1)
    expect(upstream.pickForCopy()).toBeNull()
    expect(upstream.pick()).not.toBeNull()
  })

  test('leave a single connection to clients', () => {
    const upstream = open(1, { connections: 1 })
    upstream.servesClients = true
    expect(upstream.pickForCopy()).toBeNull()
  })
})

function fail(upstream: Upstream, index: number, times: number): void {
  const endpoint = upstream.endpoints[index] as Endpoint
  for (let i = 0; i < times; i++) {
    endpoint.started(now())
    upstream.ended(endpoint, 'bad')
  }
}

describe('a broken endpoint', () => {
  const plan = { outlier: { errors: 2, ejectMs: 60_000, maxEjectedPercent: 50 }, connections: 100 }

  test('is left out after so many errors in a row', () => {
    const upstream = open(3, plan)
    fail(upstream, 1, 1)
    expect(upstream.usableEndpoints).toBe(3)
    fail(upstream, 1, 1)
    expect(upstream.usableEndpoints).toBe(2)
    expect(occupy(upstream, 60)).not.toContain(1)
  })

  test('is left out while the active checks say that it is unhealthy', () => {
    const upstream = open(2, plan)
    ;(upstream.endpoints[0] as Endpoint).healthy = false
    expect(occupy(upstream, 20)).toEqual(Array.from({ length: 20 }, () => 1))
  })

  test('is used all the same when too many are broken: then it is the judgement that is wrong', () => {
    const upstream = open(3, plan)
    fail(upstream, 0, 2)
    fail(upstream, 1, 2)
    expect(new Set(occupy(upstream, 90))).toEqual(new Set([0, 1, 2]))
    expect([upstream.available, upstream.usableEndpoints]).toEqual([true, 1])
    fail(upstream, 2, 2)
    expect(upstream.available).toBe(false)
    expect(upstream.pick()).not.toBeNull()
  })

  test('is not the one of a second attempt, unless there is no other', () => {
    const pair = open(2, plan)
    for (let i = 0; i < 20; i++) expect(pair.pick(pair.endpoints.slice(0, 1))?.index).toBe(1)
    const single = open(1, plan)
    expect(single.pick(single.endpoints)?.index).toBe(0)
  })
})

describe('unfinished uploads', () => {
  test('may hold a quarter of the connections', () => {
    const upstream = open(2, { connections: 8 })
    const room = Array.from({ length: 5 }, (_, i) => {
      const had = upstream.roomForUpload
      ;(upstream.endpoints[i % 2] as Endpoint).uploads++
      return had
    })
    expect(room).toEqual([true, true, true, true, false])
  })

  test('may hold the only connection', () => {
    expect(open(1, { connections: 1 }).roomForUpload).toBe(true)
  })
})

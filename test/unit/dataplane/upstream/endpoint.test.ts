import { afterEach, describe, expect, test } from 'vitest'
import type { UpstreamPlan } from '../../../../src/config/snapshot.ts'
import { Endpoint, type LegVerdict } from '../../../../src/dataplane/upstream/endpoint.ts'
import { endpointPlan, upstreamPlan } from '../../../support/plans.ts'

const EJECT_MS = 1_000
const opened: Endpoint[] = []

afterEach(() => {
  for (const endpoint of opened.splice(0)) endpoint.connections.destroy()
})

function open(origin = 'http://127.0.0.1:9001', plan: Partial<UpstreamPlan> = {}): Endpoint {
  const outlier = { errors: 2, ejectMs: EJECT_MS, maxEjectedPercent: 50 }
  const endpoint = new Endpoint(endpointPlan(origin), 0, upstreamPlan({ outlier, ...plan }))
  opened.push(endpoint)
  return endpoint
}

function legs(endpoint: Endpoint, nowMs: number, ...verdicts: LegVerdict[]): void {
  for (const verdict of verdicts) {
    endpoint.started(nowMs)
    endpoint.ended(verdict, nowMs)
  }
}

describe('an endpoint', () => {
  test('counts the legs under way', () => {
    const endpoint = open()
    for (let i = 0; i < 3; i++) endpoint.started(0)
    endpoint.ended('good', 0)
    endpoint.ended('undecided', 0)
    expect(endpoint.inFlight).toBe(1)
  })

  test('is usable until so many legs in a row were bad, then left out for a time', () => {
    const endpoint = open()
    legs(endpoint, 100, 'bad', 'good', 'bad')
    expect([endpoint.usable(100), endpoint.admitted(100)]).toEqual([true, true])
    legs(endpoint, 100, 'bad')
    expect([endpoint.usable(100), endpoint.admitted(100)]).toEqual([false, false])
    expect(endpoint.usable(100 + EJECT_MS)).toBe(true)
  })

  test('is not judged by legs whose client left', () => {
    const endpoint = open()
    legs(endpoint, 100, 'bad', 'undecided', 'undecided', 'undecided')
    expect(endpoint.usable(100)).toBe(true)
  })

  test('that the active checks find unhealthy is not usable, though its legs may be good', () => {
    const endpoint = open()
    endpoint.healthy = false
    legs(endpoint, 100, 'good')
    expect([endpoint.usable(100), endpoint.admitted(100)]).toEqual([false, true])
  })

  test('is tried by one leg at a time after its time is over, and used again when that was good', () => {
    const endpoint = open()
    legs(endpoint, 0, 'bad', 'bad')
    endpoint.started(EJECT_MS)
    expect(endpoint.usable(EJECT_MS)).toBe(false)
    endpoint.ended('good', EJECT_MS)
    expect(endpoint.usable(EJECT_MS)).toBe(true)
  })
})

describe('the name an endpoint must prove', () => {
  test.each([
    ['https://models.example:8443', 'models.example'],
    ['https://10.0.0.4:8443', '10.0.0.4'],
    ['https://[::1]:8443', '::1'],
  ])('is the host of %s', (origin, name) => {
    expect(open(origin).servername).toBe(name)
  })

  test('is what the plan says instead, if it does', () => {
    const tls = { ca: null, cert: null, key: null, servername: 'v1.models.example', insecure: false }
    expect(open('https://10.0.0.4:8443', { tls }).servername).toBe('v1.models.example')
  })
})

import type {
  CanaryPlan,
  EndpointPlan,
  MatchPlan,
  RoutePlan,
  ShadowPlan,
  Snapshot,
  UpstreamPlan,
} from '../../src/config/snapshot.ts'
import type { RequestHead } from '../../src/dataplane/routing/request-head.ts'
import { experimentPlan, snapshotOf } from './pairs.ts'

/** Plans and request heads of routing: each test names the fields it is about, the rest is plain. */

export const ANY_MATCH: MatchPlan = { host: null, path: null, prefix: null, methods: [], headers: [], model: null }

export function matchPlan(fields: Partial<MatchPlan>): MatchPlan {
  return { ...ANY_MATCH, ...fields }
}

export function endpointPlan(origin: string): EndpointPlan {
  return { origin, authority: new URL(origin).host }
}

export function upstreamPlan(fields: Partial<UpstreamPlan> = {}): UpstreamPlan {
  return {
    name: 'churn-v1',
    version: '1',
    endpoints: [endpointPlan('http://10.0.0.4:9001')],
    balance: 'least-inflight',
    connections: 4,
    timeouts: { connectMs: 1_000, firstByteMs: 2_000, betweenBytesMs: 2_000, totalMs: 5_000 },
    health: { path: null, intervalMs: 5_000, unhealthyAfter: 3, healthyAfter: 2 },
    outlier: { errors: 5, ejectMs: 30_000, maxEjectedPercent: 50 },
    host: { kind: 'preserve' },
    headers: { set: [], remove: [] },
    tls: null,
    ...fields,
  }
}

export function shadowPlan(fields: Partial<ShadowPlan> = {}): ShadowPlan {
  return {
    upstream: 1,
    experiment: 0,
    percent: 100,
    key: { kind: 'request' },
    timeoutMs: 10_000,
    maxInFlight: 64,
    ceilings: null,
    maxBodyBytes: 1_048_576,
    methods: ['GET', 'POST'],
    headers: { set: [], remove: ['authorization', 'cookie'] },
    path: null,
    setBody: null,
    websockets: false,
    ...fields,
  }
}

export function canaryPlan(fields: Partial<CanaryPlan> = {}): CanaryPlan {
  return {
    upstream: 1,
    experiment: 0,
    percent: 5,
    sticky: { kind: 'header', name: 'x-user-id' },
    fallback: 'primary',
    ramp: null,
    onRollback: 'stop',
    ...fields,
  }
}

export function routePlan(fields: Partial<RoutePlan> = {}): RoutePlan {
  return {
    name: 'churn',
    match: ANY_MATCH,
    primary: 0,
    canary: null,
    shadows: [],
    control: null,
    unit: null,
    ...fields,
  }
}

/** A whole configuration: two upstreams, one route with one shadow, its experiment. */
export function routedSnapshot(changes: Partial<Snapshot> = {}): Snapshot {
  const experiment = experimentPlan({
    id: 'churn.churn-v2.0a1b2c3d',
    route: 'churn',
    primary: { upstream: 'churn-v1', version: '1' },
    candidate: { upstream: 'churn-v2', version: '2' },
  })
  return snapshotOf([experiment], {
    upstreams: [upstreamPlan(), upstreamPlan({ name: 'churn-v2', version: '2' })],
    routes: [routePlan({ shadows: [shadowPlan()] })],
    ...changes,
  })
}

export function requestHead(fields: Partial<RequestHead> = {}): RequestHead {
  return {
    method: 'POST',
    path: '/v2/models/churn/infer',
    query: '',
    host: 'models.example:8080',
    headers: {},
    requestId: 'request-1',
    address: '192.0.2.7',
    ...fields,
  }
}

import { z } from 'zod'
import type { EndpointPlan, HostPolicy } from '../snapshot.ts'
import { headerRules } from './headers.ts'
import { block, count, duration, expected, list, message, name, oneOf, pattern, percent, text } from './scalars.ts'
import { clientTls } from './tls.ts'

const ENDPOINT_HINT = 'write http://HOST:PORT or https://HOST:PORT'

const endpoint = text('a URL', ENDPOINT_HINT).transform((text, context): EndpointPlan => {
  const problem = endpointProblem(text)
  if (problem === null) return { origin: new URL(text).origin, authority: new URL(text).host }
  context.addIssue(problem)
  return z.NEVER
})

/** The URL is not repeated in the message: it may hold credentials. */
function endpointProblem(text: string): string | null {
  if (!URL.canParse(text)) return message('is not a URL', ENDPOINT_HINT)
  const url = new URL(text)
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    return message('has a scheme other than http and https', ENDPOINT_HINT)
  }
  if (url.username !== '' || url.password !== '') {
    return message(
      'must not hold credentials',
      'send them as a header: headers: { set: { authorization: !file token } }',
    )
  }
  if (url.pathname !== '/') {
    return message('must not have a path', `the path of the client's request is kept; ${ENDPOINT_HINT}`)
  }
  if (url.search !== '' || url.hash !== '' || /[?#]/.test(text)) {
    return message('must not have a query or fragment', ENDPOINT_HINT)
  }
  return null
}

const endpoints = z
  .union(
    [
      endpoint.transform(one => [one]),
      list(endpoint, ENDPOINT_HINT).min(1, { error: message('is an empty list', ENDPOINT_HINT) }),
    ],
    {
      error: expected('a URL or a list of URLs', ENDPOINT_HINT),
    },
  )
  .refine(all => new Set(all.map(one => one.origin)).size === all.length, {
    error: message('names the same endpoint twice', 'give each endpoint once; more weight is not supported'),
  })
  .describe('One URL or a list of URLs that serve the same model: scheme, host and port only.')

const timeouts = block({
  connect: duration().prefault('1s').describe('To open a connection, TLS handshake included.'),
  first_byte: duration().prefault('30s').describe('From the whole request sent to the first byte of the answer.'),
  between_bytes: duration().prefault('30s').describe('Longest silence inside an answer.'),
  total: duration()
    .prefault('60s')
    .describe(
      'From the start of the call to the last byte of the answer. Streams (text/event-stream, or without a length) are only held to between_bytes.',
    ),
})

const health = block({
  path: pattern(/^\/[^#\s]*$/, 'a path', 'for example path: /v2/health/ready')
    .nullable()
    .default(null)
    .describe('GET this path on every endpoint; 2xx is healthy. null: no active checks.'),
  interval: duration(100).prefault('5s').describe('Time between two checks of an endpoint, by each data-plane thread.'),
  unhealthy_after: count(1, 1_000).prefault(3).describe('Failed checks in a row until the endpoint is left out.'),
  healthy_after: count(1, 1_000).prefault(2).describe('Passed checks in a row until it is used again.'),
})

const outlier = block({
  errors: count(1, 100_000)
    .prefault(5)
    .describe('Failures in a row (no connection, no answer, 5xx) until an endpoint is left out.'),
  eject: duration(1).prefault('30s').describe('How long it is left out; then one request tries it.'),
  max_ejected: percent('which share may be left out')
    .prefault(50)
    .describe('Largest share of the endpoints that is left out, 0 to 100.'),
})

const host = pattern(
  /^[A-Za-z0-9._[\]:-]+$/,
  '`preserve`, `upstream` or a host',
  'for example host: models.example.com',
).transform(
  (value): HostPolicy =>
    value === 'preserve' || value === 'upstream' ? { kind: value } : { kind: 'literal', value: value.toLowerCase() },
)

const settings = {
  version: text('a quoted text', 'write version: "2" in quotes, because 1.10 without quotes is the number 1.1')
    .min(1)
    .max(128)
    .nullable()
    .default(null)
    .describe('Version of the deployed model, shown everywhere. A change starts a new experiment.'),
  balance: oneOf(['least-inflight', 'round-robin'])
    .default('least-inflight')
    .describe('How an endpoint is chosen: the less busy of two random ones, or one after the other.'),
  connections: count(1, 65_535).prefault(128).describe('Connections per endpoint and data-plane thread.'),
  timeouts: timeouts.prefault({}).describe('How long each phase of a call may take.'),
  health: health.prefault({}).describe('Active health checks.'),
  outlier: outlier.prefault({}).describe('Passive health checks.'),
  host: host.prefault('preserve').describe("Host header: `preserve` the client's, the `upstream`'s own, or a literal."),
  headers: headerRules([]),
  tls: clientTls.prefault({}).describe('For https endpoints.'),
}

const upstream = z
  .union(
    [
      endpoint.transform(one => ({ ...block(settings).parse({}), endpoints: [one] })),
      block({ endpoints, ...settings }),
    ],
    {
      error: expected('a URL or a block with `endpoints`', ENDPOINT_HINT),
    },
  )
  .describe('One deployed model version.')

export const upstreams = z
  .record(name('an upstream'), upstream, {
    error: expected('a block of upstreams by name', 'churn-v1: http://127.0.0.1:9001'),
  })
  .refine(all => Object.keys(all).length > 0, {
    error: message('names no upstream', 'churn-v1: http://127.0.0.1:9001'),
  })
  .describe('Deployed model versions by name.')

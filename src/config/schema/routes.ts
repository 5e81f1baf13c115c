import { z } from 'zod'
import { parseKeySource } from '../key-source.ts'
import { compare } from './evidence.ts'
import { routeGates, verdict } from './verdict.ts'
import { headerRules } from './headers.ts'
import {
  block,
  count,
  duration,
  expected,
  flag,
  headerName,
  headerValue,
  list,
  message,
  method,
  name,
  number,
  oneOf,
  pattern,
  percent,
  size,
  text,
} from './scalars.ts'

const path = () =>
  pattern(/^\/[^?#\s]*$/, 'a path', 'a path starts with / and has no query, for example /v2/models/churn/infer')

const match = block({
  host: pattern(/^[A-Za-z0-9._[\]:-]+$/, 'a host name', 'for example models.example.com')
    .transform(host => host.toLowerCase())
    .nullable()
    .default(null)
    .describe('Host header, with or without port.'),
  path: path().nullable().default(null).describe('Exact path.'),
  prefix: path().nullable().default(null).describe('Path and everything below it: /v2 holds /v2 and /v2/x, not /v2x.'),
  methods: list(method(), 'for example [POST]').prefault([]).describe('Any of these methods; empty: every method.'),
  headers: z
    .record(headerName(), headerValue(), { error: expected('a block of header names and values') })
    .prefault({})
    .describe('Headers that must have exactly these values.'),
  model: text('the name of a model', 'one name; quote a number')
    .min(1)
    .nullable()
    .default(null)
    .describe('Exact `model` of a JSON body. Bodies over 1 MiB, compressed ones and such as are no JSON have none.'),
})

const KEY_FORMS = 'header:NAME, cookie:NAME, query:NAME, json:PATH or address'

/** A key that several requests share. `role`: what it is; `without`: what a user wants who writes `request`. */
const sharedKey = (role: string, without: string) =>
  text('a key', `write ${KEY_FORMS}`).transform((text, context) => {
    const source = parseKeySource(text)
    if (source !== null && source.kind !== 'request') return source
    context.addIssue(message(`is not a key that can be ${role}`, source === null ? `write ${KEY_FORMS}` : without))
    return z.NEVER
  })

const sticky = sharedKey('sticky', 'leave sticky out to decide each request on its own')
const unit = sharedKey('a unit', 'leave unit out: then every exchange has its own vote')

const shadowKey = text('a key', `write request, ${KEY_FORMS}`).transform((text, context) => {
  const source = parseKeySource(text)
  if (source !== null) return source
  context.addIssue(message('is not a key', `write request, ${KEY_FORMS}`))
  return z.NEVER
})

const upstreamName = (role: string) => text('the name of an upstream').min(1).describe(role)

const RAMP_STEP = 'a step is a percentage over 0 and up to 100, for example steps: [1, 5, 25]'

const steps = list(number('a percentage', 0, 100, RAMP_STEP), RAMP_STEP)
  .min(1, { error: message('is an empty list', RAMP_STEP) })
  .refine(all => all.every((step, at) => step > (all[at - 1] ?? 0)), {
    error: message('must ascend', 'write each step once, the smallest first; 0 is no step'),
  })

const ramp = block({
  steps: steps.describe('Percentages, ascending. The canary is never ramped beyond the last one.'),
  every: duration().describe('Judged time without harm before each step.'),
  when: oneOf(['CONTINUE', 'PROMOTE'])
    .default('CONTINUE')
    .describe('The verdict that a step needs: `CONTINUE` steps until harm shows, `PROMOTE` only after a PROMOTE.'),
})

const canary = block({
  upstream: upstreamName('The upstream that answers the chosen requests.'),
  percent: percent('which share of the clients gets the canary').describe('Share of requests, 0 to 100.'),
  sticky: sticky
    .nullable()
    .default(null)
    .describe(`What the decision hangs on: ${KEY_FORMS}. Absent, or a request without it: random per request.`),
  fallback: oneOf(['primary', 'none'])
    .default('primary')
    .describe('Who answers the chosen requests while the canary has no usable endpoint.'),
  ramp: ramp
    .nullable()
    .default(null)
    .describe('Raises `percent` by itself, step by step, while no harm shows. null: the percentage is yours.'),
  on_rollback: oneOf(['stop', 'none'])
    .default('stop')
    .describe('What a ROLLBACK of its experiment does: `stop` sets 0 percent until an operator resumes.'),
})

/** What goes into a request line: visible ASCII. */
const copyPath = () =>
  pattern(
    /^\/[\x21\x22\x24-\x3e\x40-\x7e]*$/,
    'a path',
    'a path starts with / and has no query and no spaces; percent-encode what is not ASCII',
  )

const jsonValue = z
  .unknown()
  .refine(value => z.json().safeParse(value).success, { error: message('is nothing that JSON can say') })

const setBody = z
  .record(z.string(), jsonValue, {
    error: expected('a block of keys', 'for example set_body: { model: churn-v2 }'),
  })
  .prefault({})
  .describe(
    'JSON merge patch (RFC 7386) for the bodies of copies: null removes a field. Nothing else in them changes. Bodies that are no JSON, or compressed, are not copied.',
  )

/** Copies carry no credentials unless the user says so: a candidate is trusted less than what it may replace. */
const REMOVED_FROM_COPIES = ['authorization', 'cookie']

const ceilings = block({
  per_second: number('a rate', 0.001, 1_000_000, 'for example 50, or 0.1 for one in ten seconds')
    .nullable()
    .default(null)
    .describe('Copies in a second; one, and those of a tenth of a second, may go at once. null: no ceiling.'),
  per_day: count(1, 1_000_000_000).nullable().default(null).describe('Copies in a day, UTC. null: no ceiling.'),
  bytes_per_day: size(1, 2 ** 46)
    .nullable()
    .default(null)
    .describe('Bytes of bodies to and from the shadow in a day, UTC; copies under way still end. null: no ceiling.'),
})

const shadow = block({
  upstream: upstreamName('The upstream that gets the copies. Its answers never reach a client.'),
  percent: percent('which share of the requests is copied').describe('Share of eligible requests, 0 to 100.'),
  key: shadowKey
    .prefault('request')
    .describe(`What sampling hashes: request (every request on its own), ${KEY_FORMS}.`),
  timeout: duration().prefault('10s').describe('Time a copy may take from its first to its last byte.'),
  max_in_flight: count(1, 100_000)
    .prefault(64)
    .describe('Copies under way per data-plane thread; more are dropped and counted.'),
  ceilings: ceilings
    .prefault({})
    .describe(
      'What a shadow may cost, per process; more copies are dropped and counted. `percent` chooses, this only stops.',
    ),
  max_body: size(0, 2 ** 30)
    .prefault('1MiB')
    .describe('Larger bodies are served, not copied, and counted.'),
  methods: list(method(), 'for example [POST, GET]')
    .min(1, { error: message('is an empty list', 'to copy nothing use percent: 0') })
    .prefault(['POST', 'GET'])
    .describe('Only requests with these methods are copied.'),
  headers: headerRules(REMOVED_FROM_COPIES),
  path: copyPath()
    .nullable()
    .default(null)
    .describe('Path that copies ask for instead of that of the request; the query stays.'),
  set_body: setBody,
  websockets: flag()
    .default(false)
    .describe(
      'Copies the sessions of WebSocket clients too: all they send, which may do things a second time. `set_body` does not apply.',
    ),
})

const control = block({
  upstream: upstreamName("A second deployment of the primary's version."),
  percent: percent('which share of the shadowed requests goes to the control').describe(
    'Share of the requests with a shadow, 0 to 100.',
  ),
})

const route = block({
  name: name('a route').describe('Name in metrics, logs and experiment ids.'),
  match: match.prefault({}).describe('All given parts must match; an empty block matches every request.'),
  primary: upstreamName('The upstream that answers.'),
  canary: canary.nullable().default(null).describe('A second upstream that answers a share of the clients.'),
  shadows: list(shadow, 'shadows: [{ upstream: churn-v2, percent: 100 }]')
    .prefault([])
    .describe('Upstreams that get copies of requests which the primary answers.'),
  control: control
    .nullable()
    .default(null)
    .describe("A shadow that runs the primary's version: how often the primary disagrees with itself is the noise."),
  unit: unit
    .nullable()
    .default(null)
    .describe(`What has one vote in an experiment: ${KEY_FORMS}. Absent, or a request without it: every exchange.`),
  compare,
  gates: routeGates,
  verdict,
})

export const routes = list(route, 'each route starts with `- name:`')
  .min(1, { error: message('is an empty list', 'each route starts with `- name:`') })
  .describe('Tried in order; the first that matches is taken.')

import { randomBytes } from 'node:crypto'
import type { EndpointPlan, HeaderRules, UpstreamPlan } from '../../config/snapshot.ts'
import type { ClientHead } from './downstream.ts'
import { connectionListed, HOP_BY_HOP } from './hop-by-hop.ts'

/** Flat name, value list. */
export type RawHeaders = string[]

/** Set by the proxy itself on every leg, so a client's copy never passes. `forwarded` would contradict them. */
const NOT_FORWARDED = new Set([
  ...HOP_BY_HOP,
  'content-length',
  'host',
  'expect',
  'x-request-id',
  'x-forwarded-for',
  'x-forwarded-proto',
  'x-forwarded-host',
  'forwarded',
])
const INTERNAL_PREFIX = 'x-understudy-'
/** The one member of TE that is for the whole way: the client, or its proxy, can take trailers. */
const TRAILERS = /(?:^|,)\s*trailers\s*(?:,|$)/i

/** Longer ids are replaced: they travel into every log line, record and leg. */
const REQUEST_ID_MAX_LENGTH = 200

/** The client's `x-request-id`, or `own` where it sent none that can be used. */
export function requestIdOf(client: ClientHead, own: string): string {
  const given = client.headers['x-request-id']
  return typeof given === 'string' && given !== '' && given.length <= REQUEST_ID_MAX_LENGTH ? given : own
}

/**
 * The client's end-to-end headers plus the proxy's own, in the client's order and case; the part that all legs share.
 * `content-length` is left to whoever sends the body.
 */
export function endToEndHeaders(client: ClientHead, host: string, requestId: string): RawHeaders {
  const listed = connectionListed(client.headers.connection)
  const raw = client.rawHeaders
  const out: RawHeaders = []
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i] as string
    const lower = name.toLowerCase()
    if (lower === 'te' && TRAILERS.test(raw[i + 1] as string)) out.push(name, 'trailers')
    if (NOT_FORWARDED.has(lower) || lower.startsWith(INTERNAL_PREFIX) || (listed.size > 0 && listed.has(lower)))
      continue
    out.push(name, raw[i + 1] as string)
  }
  out.push('x-request-id', requestId)
  out.push('x-forwarded-for', client.address, 'x-forwarded-proto', client.secure ? 'https' : 'http')
  if (host !== '') out.push('x-forwarded-host', host)
  return out
}

/** Adds the Host of the upstream's policy and applies its header rules. Returns a new list. */
export function forUpstream(
  shared: RawHeaders,
  host: string,
  upstream: UpstreamPlan,
  endpoint: EndpointPlan,
): RawHeaders {
  const out = applyRules(shared, upstream.headers)
  out.unshift('host', hostFor(host, upstream, endpoint))
  return out
}

/**
 * The copy for a shadow: its own rules, its role, a span of its own in the client's trace, and an idempotency key of its own,
 * so that a store which the shadow shares with the primary does not take the copy for a repeat.
 */
export function forShadow(
  headers: RawHeaders,
  rules: HeaderRules,
  role: 'shadow' | 'control',
  upstream: string,
): RawHeaders {
  const out = applyRules(headers, rules)
  let traced = false
  for (let i = 0; i < out.length; i += 2) {
    const lower = (out[i] as string).toLowerCase()
    if (lower === 'traceparent') {
      out[i + 1] = withOwnSpan(out[i + 1] as string)
      traced = true
    }
    if (lower === 'idempotency-key') out[i + 1] = withSuffix(out[i + 1] as string, `-shadow-${upstream}`)
  }
  if (traced) out.push('baggage', 'shadow=true')
  out.push('x-understudy-role', role)
  return out
}

const BODY_DIGESTS = new Set(['content-md5', 'digest', 'content-digest', 'repr-digest'])

/** For a body that is no longer the client's: its checksums would be wrong. */
export function withoutBodyDigests(headers: RawHeaders): RawHeaders {
  return headers.filter((_, i) => !BODY_DIGESTS.has((headers[i - (i % 2)] as string).toLowerCase()))
}

/** For interfaces that take an object: the values of a name that repeats, in any case, side by side under its first form. */
export function groupHeaders(headers: RawHeaders): Map<string, string | string[]> {
  const names = new Map<string, string>()
  const grouped = new Map<string, string | string[]>()
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] as string
    const value = headers[i + 1] as string
    const first = names.get(name.toLowerCase()) ?? name
    names.set(name.toLowerCase(), first)
    const before = grouped.get(first)
    grouped.set(first, before === undefined ? value : [before, value].flat())
  }
  return grouped
}

function hostFor(host: string, upstream: UpstreamPlan, endpoint: EndpointPlan): string {
  switch (upstream.host.kind) {
    case 'preserve':
      return host === '' ? endpoint.authority : host
    case 'upstream':
      return endpoint.authority
    case 'literal':
      return upstream.host.value
  }
}

function applyRules(headers: RawHeaders, rules: HeaderRules): RawHeaders {
  if (rules.set.length === 0 && rules.remove.length === 0) return headers.slice()
  const out: RawHeaders = []
  for (let i = 0; i < headers.length; i += 2) {
    if (!isReplaced((headers[i] as string).toLowerCase(), rules))
      out.push(headers[i] as string, headers[i + 1] as string)
  }
  for (const [name, value] of rules.set) out.push(name, value)
  return out
}

/** Rules name a few headers: looking at each is faster than a set made for every request. */
function isReplaced(lower: string, { set, remove }: HeaderRules): boolean {
  for (const name of remove) if (name === lower) return true
  for (const [name] of set) if (name === lower) return true
  return false
}

/** Within the quotes where there are some: the field is a structured one, by its draft. */
function withSuffix(value: string, suffix: string): string {
  return value.length > 1 && value.endsWith('"') ? `${value.slice(0, -1)}${suffix}"` : value + suffix
}

const TRACEPARENT = /^([0-9a-f]{2}-[0-9a-f]{32})-[0-9a-f]{16}(-[0-9a-f]{2}.*)$/

/** A malformed traceparent is passed on as it is: it is the client's, and the model server's to judge. */
function withOwnSpan(traceparent: string): string {
  return traceparent.replace(
    TRACEPARENT,
    (_, trace: string, rest: string) => `${trace}-${randomBytes(8).toString('hex')}${rest}`,
  )
}

import { describe, expect, test } from 'vitest'
import type { HeaderRules, HostPolicy } from '../../../../src/config/snapshot.ts'
import { forShadow, forUpstream, withoutBodyDigests } from '../../../../src/dataplane/http/request-headers.ts'
import { endpointPlan, upstreamPlan } from '../../../support/plans.ts'

const NO_RULES: HeaderRules = { set: [], remove: [] }
const ENDPOINT = endpointPlan('http://10.0.0.4:9001')

function toUpstream(headers: string[], host: HostPolicy, rules: HeaderRules = NO_RULES, asked = 'models.example') {
  return forUpstream(headers, asked, upstreamPlan({ host, headers: rules }), ENDPOINT)
}

describe('the Host of an upstream', () => {
  test.each<[HostPolicy, string, string]>([
    [{ kind: 'preserve' }, 'models.example:8080', 'models.example:8080'],
    [{ kind: 'preserve' }, '[::1]:8080', '[::1]:8080'],
    [{ kind: 'preserve' }, '', '10.0.0.4:9001'],
    [{ kind: 'upstream' }, 'models.example', '10.0.0.4:9001'],
    [{ kind: 'literal', value: 'churn.internal' }, 'models.example', 'churn.internal'],
  ])('by policy %j for "%s" is %s', (policy, asked, host) => {
    expect(toUpstream(['accept', 'a'], policy, NO_RULES, asked)).toEqual(['host', host, 'accept', 'a'])
  })
})

describe('header rules', () => {
  const policy: HostPolicy = { kind: 'upstream' }

  test('remove every header of a name, whatever its case', () => {
    const headers = ['X-Key', '1', 'accept', 'a', 'x-KEY', '2']
    expect(toUpstream(headers, policy, { set: [], remove: ['x-key'] })).toEqual([
      'host',
      '10.0.0.4:9001',
      'accept',
      'a',
    ])
  })

  test('set replaces every header of the name', () => {
    const headers = ['X-Key', '1', 'accept', 'a', 'x-KEY', '2']
    const rules: HeaderRules = { set: [['x-key', 'ours'] as const], remove: [] }
    expect(toUpstream(headers, policy, rules)).toEqual(['host', '10.0.0.4:9001', 'accept', 'a', 'x-key', 'ours'])
  })

  test('leave the shared list as it is: the other legs send it too', () => {
    const headers = ['accept', 'a']
    toUpstream(headers, policy, { set: [['x-key', 'ours'] as const], remove: ['accept'] })
    toUpstream(headers, policy)
    forShadow(headers, NO_RULES, 'shadow', 'churn-v2')
    expect(headers).toEqual(['accept', 'a'])
  })
})

const TRACE = '0af7651916cd43dd8448eb211c80319c'
const SPAN = 'b7ad6b7169203331'
const traceparentOf = (headers: string[]): string => headers[headers.indexOf('traceparent') + 1] as string

describe('the copy for a shadow', () => {
  test('says that it is one', () => {
    expect(forShadow(['accept', 'a'], NO_RULES, 'shadow', 'churn-v2')).toEqual([
      'accept',
      'a',
      'x-understudy-role',
      'shadow',
    ])
  })

  test("follows the shadow's own rules: credentials are left out or replaced", () => {
    const headers = ['Authorization', 'Bearer live', 'Cookie', 'c=1', 'accept', 'a']
    const rules: HeaderRules = { set: [['authorization', 'Bearer shadow'] as const], remove: ['cookie'] }
    expect(forShadow(headers, rules, 'shadow', 'churn-v2')).toEqual([
      'accept',
      'a',
      'authorization',
      'Bearer shadow',
      'x-understudy-role',
      'shadow',
    ])
  })

  test('has a span of its own in the trace of the client, another for each copy', () => {
    const copies = Array.from({ length: 50 }, () =>
      traceparentOf(forShadow(['traceparent', `00-${TRACE}-${SPAN}-01`], NO_RULES, 'shadow', 'churn-v2')),
    )
    for (const copy of copies) expect(copy).toMatch(new RegExp(`^00-${TRACE}-[0-9a-f]{16}-01$`))
    expect(new Set([...copies, `00-${TRACE}-${SPAN}-01`]).size).toBe(51)
  })

  test('keeps the sampling flag and what a later version of the header adds', () => {
    expect(traceparentOf(forShadow(['traceparent', `00-${TRACE}-${SPAN}-00`], NO_RULES, 'shadow', 'churn-v2'))).toMatch(
      /-00$/,
    )
    expect(
      traceparentOf(forShadow(['traceparent', `cc-${TRACE}-${SPAN}-01-what`], NO_RULES, 'shadow', 'churn-v2')),
    ).toMatch(/-01-what$/)
  })

  test.each(['', 'junk', `00-${TRACE}-${SPAN}`, `00-${TRACE.toUpperCase()}-${SPAN}-01`, `00-${TRACE}x-${SPAN}-01`])(
    'passes a malformed traceparent on as it is: "%s"',
    value => {
      expect(traceparentOf(forShadow(['traceparent', value], NO_RULES, 'shadow', 'churn-v2'))).toBe(value)
    },
  )

  test('says in its baggage that it is one, where the request is traced', () => {
    const traced = ['traceparent', `00-${TRACE}-${SPAN}-01`, 'Baggage', 'user=7']
    const copy = forShadow(traced, NO_RULES, 'shadow', 'churn-v2')
    expect(copy.slice(2)).toEqual(['Baggage', 'user=7', 'baggage', 'shadow=true', 'x-understudy-role', 'shadow'])
    expect(forShadow(['Baggage', 'user=7'], NO_RULES, 'shadow', 'churn-v2')).toEqual([
      'Baggage',
      'user=7',
      'x-understudy-role',
      'shadow',
    ])
  })

  test.each([
    ['k-1', 'k-1-shadow-churn-v2'],
    ['"k-1"', '"k-1-shadow-churn-v2"'],
    ['"', '"-shadow-churn-v2'],
    ['', '-shadow-churn-v2'],
  ])('cannot be taken for a retry of the live request, nor of that of another shadow: %s', (key, own) => {
    for (const name of ['Idempotency-Key', 'idempotency-key', 'IDEMPOTENCY-KEY'])
      expect(forShadow([name, key], NO_RULES, 'shadow', 'churn-v2').slice(0, 2)).toEqual([name, own])
  })

  test('says nothing of the body it replaces', () => {
    const digests = ['Content-MD5', 'a==', 'Digest', 'b', 'content-digest', 'c', 'Repr-Digest', 'd']
    expect(withoutBodyDigests(['Accept', 'digest', ...digests, 'Content-Type', 'application/json'])).toEqual([
      'Accept',
      'digest',
      'Content-Type',
      'application/json',
    ])
  })
})

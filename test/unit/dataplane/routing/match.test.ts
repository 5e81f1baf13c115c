import { describe, expect, test } from 'vitest'
import type { MatchPlan, RoutePlan } from '../../../../src/config/snapshot.ts'
import { matchRoute, mismatch, modelDecides } from '../../../../src/dataplane/routing/match.ts'
import type { RequestHead } from '../../../../src/dataplane/routing/request-head.ts'
import { ANY_MATCH, matchPlan, requestHead, routePlan } from '../../../support/plans.ts'

const verdict = (match: Partial<MatchPlan>, head: Partial<RequestHead> = {}) =>
  mismatch(matchPlan(match), requestHead(head))

describe('host', () => {
  test.each([
    ['models.example', 'models.example', true],
    ['models.example', 'models.example:8080', true],
    ['models.example:8080', 'models.example:8080', true],
    ['models.example:8080', 'models.example', false],
    ['models.example:8080', 'models.example:9090', false],
    ['models.example', 'other.example', false],
    ['models.example', 'evil-models.example', false],
    ['models.example', 'models.example.evil', false],
    ['models.example', '', false],
    ['[::1]', '[::1]', true],
    ['[::1]', '[::1]:8080', true],
    ['[::1]:8080', '[::1]:8080', true],
    ['[::1]:8080', '[::1]', false],
  ])('%s against a request for "%s": %s', (host, asked, matches) => {
    expect(verdict({ host }, { host: asked })).toBe(matches ? null : 'host')
  })
})

describe('path', () => {
  test.each([
    ['/v2/models/churn/infer', true],
    ['/v2/models/churn/infer/', false],
    ['/v2/models/churn/Infer', false],
    ['/v2/models/churn', false],
    ['/v2/models/churn%2Finfer', false],
  ])('exact against %s: %s', (path, matches) => {
    expect(verdict({ path: '/v2/models/churn/infer' }, { path })).toBe(matches ? null : 'path')
  })
})

describe('prefix', () => {
  test.each([
    ['/v2', '/v2', true],
    ['/v2', '/v2/', true],
    ['/v2', '/v2/models', true],
    ['/v2', '/v2x', false],
    ['/v2', '/v22/models', false],
    ['/v2', '/V2/models', false],
    ['/v2', '/', false],
    ['/v2/', '/v2/models', true],
    ['/v2/', '/v2', false],
    ['/', '/', true],
    ['/', '/anything/at/all', true],
  ])('%s against %s: %s', (prefix, path, matches) => {
    expect(verdict({ prefix }, { path })).toBe(matches ? null : 'prefix')
  })
})

describe('methods and headers', () => {
  test('an empty list of methods takes every method, a list only its own', () => {
    expect(verdict({ methods: [] }, { method: 'DELETE' })).toBeNull()
    expect(verdict({ methods: ['GET', 'POST'] }, { method: 'POST' })).toBeNull()
    expect(verdict({ methods: ['GET', 'POST'] }, { method: 'PUT' })).toBe('methods')
  })

  test('every header must be there with exactly its value', () => {
    const match = { headers: [['x-tenant', 'acme'] as const, ['x-tier', 'gold'] as const] }
    expect(verdict(match, { headers: { 'x-tenant': 'acme', 'x-tier': 'gold', 'x-more': '1' } })).toBeNull()
    expect(verdict(match, { headers: { 'x-tenant': 'acme' } })).toBe('headers')
    expect(verdict(match, { headers: { 'x-tenant': 'Acme', 'x-tier': 'gold' } })).toBe('headers')
    expect(verdict(match, { headers: { 'x-tenant': 'acme, acme', 'x-tier': 'gold' } })).toBe('headers')
  })
})

describe('a route', () => {
  test('without conditions takes everything', () => {
    expect(mismatch(ANY_MATCH, requestHead())).toBeNull()
  })

  test('needs all of its parts, and says which one fails first', () => {
    const match = { host: 'models.example', prefix: '/v2', methods: ['POST'], headers: [['x-tenant', 'acme'] as const] }
    const headers = { 'x-tenant': 'acme' }
    expect(verdict(match, { headers })).toBeNull()
    expect(verdict(match, { headers, path: '/v1', host: 'other', method: 'GET' })).toBe('prefix')
    expect(verdict(match, { headers, host: 'other', method: 'GET' })).toBe('host')
    expect(verdict(match, { method: 'GET' })).toBe('methods')
    expect(verdict(match, {})).toBe('headers')
  })

  test('that comes first in the file wins, also over a more specific one', () => {
    const routes = [
      routePlan({ name: 'other', match: matchPlan({ prefix: '/v1' }) }),
      routePlan({ name: 'broad', match: matchPlan({ prefix: '/v2' }) }),
      routePlan({ name: 'exact', match: matchPlan({ path: '/v2/models/churn/infer' }) }),
    ]
    expect(matchRoute(routes, requestHead())).toBe(1)
    expect(matchRoute(routes.toReversed(), requestHead())).toBe(0)
  })

  test('is -1 when none matches', () => {
    expect(matchRoute([routePlan({ match: matchPlan({ prefix: '/v1' }) })], requestHead())).toBe(-1)
    expect(matchRoute([], requestHead())).toBe(-1)
  })
})

const decides = (...routes: RoutePlan[]): boolean => modelDecides(routes, requestHead())

describe('model', () => {
  test.each<[unknown, boolean]>([
    [{ model: 'm' }, true],
    [{ model: 'M' }, false],
    [{ model: ['m'] }, false],
    [{ model: null }, false],
    [{ inner: { model: 'm' } }, false],
    [Object.create({ model: 'm' }), false],
    [[{ model: 'm' }], false],
    ['m', false],
    [null, false],
    [undefined, false],
  ])('m against the body %j: %s', (json, matches) => {
    expect(verdict({ model: 'm' }, { json })).toBe(matches ? null : 'model')
  })

  test('is looked at last: the other parts say whether the body has to be read', () => {
    expect(verdict({ model: 'm', headers: [['x-a', '1']] }, { json: { model: 'other' } })).toBe('headers')
  })

  test('decides only where a route that asks for one is the first to match otherwise', () => {
    const [plain, asking, elsewhere] = [{}, { model: 'm' }, { model: 'm', path: '/elsewhere' }].map(match =>
      routePlan({ match: matchPlan(match) }),
    ) as [RoutePlan, RoutePlan, RoutePlan]
    expect([decides(asking), decides(elsewhere, asking, plain), decides(asking, plain)]).toEqual([true, true, true])
    expect([decides(), decides(plain, asking), decides(elsewhere, plain, asking)]).toEqual([false, false, false])
  })
})

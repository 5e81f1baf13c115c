import { describe, expect, test } from 'vitest'
import { explainRequest } from '../../../src/cli/explanation.ts'
import type { Explanation } from '../../../src/cli/explanation.ts'
import { explanationText } from '../../../src/cli/explanation-text.ts'
import type { RequestHead } from '../../../src/dataplane/routing/request-head.ts'
import { loadText, writeFiles } from '../config/routing-files.ts'
import { understudy } from './command-line.ts'

const TEXT = `listen: 127.0.0.1:8080
limits: { body: 2MiB }
upstreams: { v1: http://a, v2: http://b, v3: http://c }
routes:
  - { name: other, match: { path: /other }, primary: v1 }
  - name: churn
    match: { prefix: /churn }
    primary: v1
    canary: { upstream: v2, percent: 50, sticky: header:x-user }
    shadows:
      - { upstream: v2, percent: 100, key: header:x-user, methods: [POST] }
      - { upstream: v3, percent: 0 }
`

function head(changes: Partial<RequestHead> = {}): RequestHead {
  return {
    method: 'POST',
    path: '/churn/infer',
    query: '',
    host: '',
    headers: { 'x-user': 'u1' },
    requestId: 'r1',
    address: '127.0.0.1',
    ...changes,
  }
}

const explain = (changes?: Partial<RequestHead>, bodyBytes = 0): Explanation =>
  explainRequest(loadText(TEXT), head(changes), Buffer.alloc(bodyBytes))

/** The first user of u1, u2, ... whom the canary answers, or does not. */
function userOf(arm: 'primary' | 'canary'): string {
  for (let i = 1; i < 100; i++) {
    if (explain({ headers: { 'x-user': `u${i}` } }).arm?.arm === arm) return `u${i}`
  }
  throw new Error(`no user of a hundred gets the ${arm}`)
}

const payloads = (compare: string, path = '/churn/infer') =>
  explainRequest(loadText(`${TEXT}    compare: ${compare}\n`), head({ path }), Buffer.alloc(0)).shadows.map(
    ({ payload }) => payload,
  )

describe('an explanation', () => {
  test.each(['/churn/../admin', '/churn/%2e%2e/admin', '/churn/a b'])(
    'says that the proxy refuses %s, before any route',
    path => {
      const { refused, tried, route, arm } = explain({ path })
      expect([refused?.status, tried, route, arm]).toEqual([400, [], null, null])
    },
  )

  test('says which routes were tried and why they did not match', () => {
    expect(explain().tried).toEqual([
      { route: 'other', mismatch: 'path' },
      { route: 'churn', mismatch: null },
    ])
    const none = explain({ path: '/nothing' })
    expect(none.refused).toEqual({ status: 404, reason: 'no route matches' })
    expect({ route: none.route, arm: none.arm, shadows: none.shadows }).toEqual({ route: null, arm: null, shadows: [] })
    expect(none.tried.map(({ mismatch }) => mismatch)).toEqual(['path', 'prefix'])
  })

  test('gives the arm with its key and bucket, the same each time', () => {
    const user = userOf('canary')
    const first = explain({ headers: { 'x-user': user } })
    expect(first.arm).toMatchObject({
      upstream: 'v2',
      decision: { key: user, percent: 50, source: 'header:x-user', chosen: true },
    })
    expect(first.arm?.decision?.bucket).toBeLessThan(50)
    expect(explain({ headers: { 'x-user': user } }).arm).toEqual(first.arm)
  })

  test('copies nothing of what the canary answers', () => {
    const { shadows } = explain({ headers: { 'x-user': userOf('canary') } })
    expect(shadows.map(({ copied }) => copied)).toEqual([false, false])
    expect(shadows[0]?.reason).toContain('the canary answers')
  })

  test('gives a reason for each shadow that gets no copy', () => {
    const headers = { 'x-user': userOf('primary') }
    const first = (changes: Partial<RequestHead>, bodyBytes?: number) =>
      explain({ headers, ...changes }, bodyBytes).shadows[0]?.reason
    expect(first({})).toBeNull()
    expect(explain({ headers }).shadows[1]?.reason).toBe('not sampled')
    expect(first({ method: 'GET' })).toBe('the method is none of POST')
    expect(first({}, 1_048_577)).toBe('the body is over max_body (1048576 bytes)')
    expect(first({ headers: { ...headers, 'x-understudy-role': 'shadow' } })).toContain('is a copy itself')
    expect(explain({ headers }, 2_097_153).refused?.status).toBe(413)
  })

  test('says how the answers will be read, and by what that is known', () => {
    expect(payloads('{}')[0]).toEqual({ format: null, why: expect.stringContaining('each answer decide') })
    expect(payloads('{}', '/churn/v2/models/m/infer')).toMatchObject([
      { format: 'oip', why: expect.stringContaining('/v2/models/{model}/infer') },
      { format: 'oip' },
    ])
    expect(payloads('{ payload: openai }')[0]).toEqual({ format: 'openai', why: 'compare.payload says so' })
    expect(payloads('{ payload: text }')[0]).toMatchObject({ format: 'text' })
    expect(payloads('off')[0]).toBeNull()
  })

  test('reads well', () => {
    const user = userOf('primary')
    const lines = explanationText(explain({ headers: { 'x-user': user } })).split('\n')
    expect(lines[0]).toBe('request  POST /churn/infer, 0 bytes of body')
    expect(lines[1]).toBe('route    other: does not match, its path differs')
    expect(lines[2]).toBe('route    churn: matches')
    expect(lines[3]).toMatch(
      /^arm {6}primary \(v1\): bucket \d+\.\d{4} is not below 50 percent, by header:x-user = "u\d+"$/,
    )
    expect(lines[4]).toMatch(/^shadow {3}v2: gets a copy; bucket \d+\.\d{4} is below 100 percent, by header:x-user = /)
    expect(lines[5]?.trim()).toMatch(/^experiment churn\.v2\./)
    expect(lines[6]?.trim()).toMatch(/^answers: the path is of no known protocol/)
    const keyless = explanationText(explain({ headers: {} }))
    expect(keyless).toContain('at random because the request has no header:x-user')
  })
})

test('the command takes headers, a body and the query', async () => {
  const file = writeFiles({ 'routing.yaml': TEXT, 'body.json': '{"a":1}' })
  const body = file.replace('routing.yaml', 'body.json')
  const request = [
    '--path',
    '/churn/infer?x=1',
    '--header',
    'X-User: u7',
    '--header',
    'x-request-id: abc',
    '--body',
    `@${body}`,
  ]
  const { code, stdout } = await understudy(['explain', '-c', file, '--json', ...request])
  expect(code).toBe(0)
  const explanation = JSON.parse(stdout) as Explanation
  expect(explanation.request).toEqual({
    method: 'POST',
    path: '/churn/infer',
    host: '',
    requestId: 'abc',
    bodyBytes: 7,
    model: null,
  })
  expect(explanation.arm?.decision?.key).toBe('u7')
})

const SHAPED = `listen: 127.0.0.1:8080
upstreams: { v1: http://a, v2: http://b }
routes:
  - name: small
    match: { path: /chat, model: small }
    primary: v1
    shadows: [{ upstream: v2, percent: 100, path: /v2/chat, set_body: { model: large } }]
  - { name: rest, match: { path: /chat }, primary: v1 }
`

/** What `explain` says of a POST to /chat?a=1 with this body. */
const explained = async (body: string, ...options: string[]): Promise<string> => {
  const file = writeFiles({ 'routing.yaml': SHAPED, body })
  const request = ['--path', '/chat?a=1', '--body', `@${file.replace('routing.yaml', 'body')}`, ...options]
  const { code, stdout } = await understudy(['explain', '-c', file, ...request])
  expect(code).toBe(0)
  return stdout
}

const controlled = (shadows: string) => `listen: 127.0.0.1:8080
upstreams: { v1: http://a, v2: http://b, v1b: http://c }
routes:
  - name: churn
    primary: v1
    shadows: [${shadows}]
    control: { upstream: v1b, percent: 40 }
    unit: header:x-session
`

const explainControlled = (shadows: string, changes: Partial<RequestHead> = {}) =>
  explainRequest(loadText(controlled(shadows)), head(changes), Buffer.alloc(0))

describe('a route with a control and a unit', () => {
  test('has its control decided by a bucket of its own, and says whose vote it is', () => {
    const { control, unit } = explainControlled('{ upstream: v2, percent: 100 }', { headers: { 'x-session': 's1' } })
    expect(control).toMatchObject({ upstream: 'v1b', decision: { percent: 40, source: 'request', key: 'r1' } })
    expect(control?.experiment).toMatch(/^churn\.v1b\./)
    expect(control?.copied).toBe((control?.decision.bucket ?? 0) < 40)
    expect(unit).toEqual({ source: 'header:x-session', key: 's1' })
  })

  test('gives the control nothing where no shadow is sampled', () => {
    for (const shadows of ['{ upstream: v2, percent: 0 }', '{ upstream: v2, percent: 100, methods: [PUT] }']) {
      expect(explainControlled(shadows).control).toMatchObject({ copied: false, reason: 'no shadow is sampled' })
    }
  })

  test('copies no early data', () => {
    const { shadows, control } = explainControlled('{ upstream: v2, percent: 100 }', { headers: { 'early-data': '1' } })
    expect([shadows[0]?.reason, control?.reason]).toEqual(Array(2).fill(expect.stringContaining('early data')))
  })

  test('reads well', () => {
    const text = explanationText(explainControlled('{ upstream: v2, percent: 100 }', { requestId: 'r' }))
    expect(text).toMatch(
      /\ncontrol {2}v1b: (gets a copy|no copy, not sampled); bucket [\d.]+ is (not )?below 40 percent/,
    )
    expect(text).toMatch(/\nvote {5}one of its own: the request has no header:x-session$/)
    const voter = explanationText(
      explainControlled('{ upstream: v2, percent: 100 }', { headers: { 'x-session': 's' } }),
    )
    expect(voter).toMatch(/\nvote {5}the one of header:x-session = "s", in each experiment$/)
  })
})

describe('a request whose body names a model', () => {
  test('takes the route of that model, and it says what its copy asks', async () => {
    const text = await explained('{"model":"small"}')
    expect(text).toContain('route    small: matches\n')
    expect(text).toContain('v2: gets a copy;')
    expect(text).toContain('         copies ask for /v2/chat?a=1\n         set in their body: {"model":"large"}\n')
  })

  test('takes another route where the model differs, and it says what the model is, or why there is none', async () => {
    const mismatch = 'route    small: does not match, its model differs'
    expect(await explained('{"model":"tiny"}')).toContain(`${mismatch} (the body names "tiny")\nroute    rest: matches`)
    expect(await explained('{"model":7}')).toContain(`${mismatch} (the body names none)`)
    const long = JSON.stringify({ model: 'small', filler: 'x'.repeat(1024 * 1024) })
    expect(await explained(long)).toContain(`${mismatch} (the body is over 1048576 bytes and not read)`)
  })

  test('gets no copy of a WebSocket session unless the shadow is to have them', async () => {
    const text = await explained('{"model":"small"}', '--header', 'upgrade: websocket')
    expect(text).toContain('v2: no copy, sessions of WebSocket clients are not copied (websockets: false);')
  })

  test('gets no copy where set_body cannot be applied', async () => {
    const text = await explained('{"model":"small"}', '--header', 'content-encoding: gzip')
    expect(text).toContain('v2: no copy, set_body cannot be applied: the body is not JSON, or is compressed;')
  })
})

import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ADMIN_ROUTES } from '../../../../src/control/admin/routes.ts'
import { TestAdmin } from '../../../support/admin.ts'
import { canaryPlan, routePlan, shadowPlan } from '../../../support/plans.ts'
import { connectRaw } from '../../../support/raw-client.ts'

const EXPERIMENT = 'churn.churn-v2.0a1b2c3d'
const TOKEN = 'correct horse battery staple'
/** One body for every POST: each reads what it is about. */
const CHANGE = JSON.stringify({ percent: 5, verdict: 'PROMOTE', actor: 'ada', reason: 'looks good' })
/** Its answer has no end: see test/unit/control/events.test.ts. */
const STREAM = '/api/v1/events'
const WHOLE_ROUTES = ADMIN_ROUTES.filter(route => route.path !== STREAM)

let admin: TestAdmin

beforeEach(async () => {
  admin = await new TestAdmin({ routes: [routePlan({ canary: canaryPlan(), shadows: [shadowPlan()] })] }).start()
  admin.state.ready = true
})

afterEach(() => admin.server.close())

const pathOf = (pattern: string): string => pattern.replace('{id}', EXPERIMENT).replace('{route}', 'churn')
const bodyOf = (method: string): { body?: string } => (method === 'POST' ? { body: CHANGE } : {})
const guard = (token: string): void => {
  const { snapshot } = admin.state
  admin.state.snapshot = { ...snapshot, admin: { ...snapshot.admin, token } }
}

describe('every route', () => {
  test.each(WHOLE_ROUTES)('$method $path answers what it says, and nobody keeps it', async route => {
    const answer = await admin.ask(route.method, pathOf(route.path), bodyOf(route.method))
    expect([answer.status, answer.text]).toEqual([200, expect.stringMatching(/./)])
    expect(answer.headers.get('cache-control')).toBe('no-store')
    expect(answer.headers.get('content-length')).toBe(String(Buffer.byteLength(answer.text)))
    const type = answer.headers.get('content-type')
    if (route.path === '/metrics') expect(type).toMatch(/^text\/plain; version=/)
    else if (route.path.endsWith('/report')) expect(type).toBe('text/markdown; charset=utf-8')
    else {
      expect(type).toBe('application/json')
      expect(answer.json()).toBeTypeOf('object')
    }
    expect(admin.errors).toEqual([])
  })

  test.each(WHOLE_ROUTES.filter(route => route.method === 'GET'))('HEAD $path is GET without the body', async route => {
    const get = await admin.ask('GET', pathOf(route.path))
    const head = await admin.ask('HEAD', pathOf(route.path))
    expect([head.status, head.text]).toEqual([get.status, ''])
    for (const name of ['content-type', 'content-length']) expect(head.headers.get(name)).toBe(get.headers.get(name))
  })

  test.each([...new Set(ADMIN_ROUTES.map(route => route.path))])('%s has no other methods', async path => {
    const methods = ADMIN_ROUTES.filter(route => route.path === path).map(route => route.method as string)
    const others = ['GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'HEAD'].filter(
      each => !methods.includes(each) && !(each === 'HEAD' && methods.includes('GET')),
    )
    for (const method of others) {
      const answer = await admin.ask(method, pathOf(path))
      expect([method, answer.status, answer.headers.get('allow')]).toEqual([method, 405, methods.join(', ')])
    }
  })
})

describe('with a token', () => {
  beforeEach(() => guard(TOKEN))

  test.each(ADMIN_ROUTES.filter(route => !route.open))('$method $path needs it', async route => {
    const method = route.path === STREAM ? 'HEAD' : route.method
    const ask = async (token?: string): Promise<number> =>
      (await admin.ask(method, pathOf(route.path), { ...bodyOf(route.method), ...(token ? { token } : {}) })).status
    expect(await ask()).toBe(401)
    for (const wrong of ['x', `${TOKEN}x`, TOKEN.slice(1), TOKEN.toUpperCase()]) expect(await ask(wrong)).toBe(401)
    expect(admin.asked).toEqual([])
    expect(await ask(TOKEN)).toBe(200)
  })

  test.each(ADMIN_ROUTES.filter(route => route.open))(
    '$method $path does not need it: probes have none',
    async route => {
      expect((await admin.ask(route.method, pathOf(route.path))).status).toBe(200)
    },
  )

  test('only a bearer is taken, and the answer gives nothing away', async () => {
    const response = await fetch(`${admin.url}/metrics`, { headers: { authorization: `Basic ${TOKEN}` } })
    expect(response.status).toBe(401)
    expect(await response.text()).not.toContain(TOKEN)
    const config = await admin.ask('GET', '/api/v1/config', { token: TOKEN })
    expect(config.text).not.toContain(TOKEN)
  })

  test('a new one counts from the reload on', async () => {
    guard('another')
    expect((await admin.ask('GET', '/metrics', { token: TOKEN })).status).toBe(401)
    expect((await admin.ask('GET', '/metrics', { token: 'another' })).status).toBe(200)
  })
})

describe('what is not there', () => {
  test.each(['/nothing', '/metrics/', '/api/v1', '/api/v1/experiments/', '/api/v1/experiments/a/b/c', '/Healthz'])(
    '%s is 404 and says so',
    async path => {
      const answer = await admin.ask('GET', path)
      expect([answer.status, answer.headers.get('content-type')]).toEqual([404, 'application/json'])
    },
  )

  test.each(['GET // HTTP/1.1', 'GET //healthz HTTP/1.1', 'GET //metrics/metrics HTTP/1.1', 'OPTIONS * HTTP/1.1'])(
    '%s is 404 too, and no failure',
    async line => {
      const client = await connectRaw(Number(new URL(admin.url).port))
      client.send(`${line}\r\nhost: h\r\n\r\n`)
      expect((await client.readResponse()).status).toBe(404)
      client.destroy()
      expect(admin.errors).toEqual([])
    },
  )
})

describe('a failure', () => {
  test('is a 500 that says where to look, and a line in the log', async () => {
    admin.state.ledger.counts = () => {
      throw new Error('secret detail')
    }
    const answer = await admin.ask('GET', `/api/v1/experiments/${EXPERIMENT}`)
    expect([answer.status, answer.text]).toEqual([500, '{"error":"the request failed; see the log"}\n'])
    expect(admin.errors).toEqual(['admin request failed'])
  })
})

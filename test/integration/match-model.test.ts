import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { connectRaw } from '../support/raw-client.ts'
import { startUnderstudy, type RunningUnderstudy } from '../support/run-understudy.ts'
import { SteadyClient } from '../support/steady-client.ts'
import type { UpstreamRequest } from '../support/upstream-request.ts'
import type { Respond } from '../support/upstream-respond.ts'
import { startUpstream, type UpstreamServer } from '../support/upstream-server.ts'
import { eventually } from '../support/within.ts'

/** The proxy looks for the model in bodies up to 1 MiB. */
const MODEL_BODY_BYTES = 1024 * 1024

let small: UpstreamServer
let large: UpstreamServer
let proxy: RunningUnderstudy
let client: SteadyClient

/** Each server says who it is. */
const answers =
  (name: string) =>
  async (request: UpstreamRequest, respond: Respond): Promise<void> => {
    await request.body
    respond.reply(200, {}, name)
  }

beforeAll(async () => {
  small = await startUpstream(answers('small'))
  large = await startUpstream(answers('large'))
  proxy = await startUnderstudy({
    limits: { body: '2MiB' },
    upstreams: { small: small.url, large: large.url },
    routes: [
      {
        name: 'small',
        match: { prefix: '/chat', model: 'small' },
        primary: 'small',
        shadows: [{ upstream: 'large', percent: 100, set_body: { model: 'large' } }],
      },
      { name: 'large', match: { prefix: '/chat', model: 'large' }, primary: 'large' },
      { name: 'rest', match: { path: '/chat/rest' }, primary: 'large' },
    ],
  })
  client = new SteadyClient(proxy.url, 2)
})
afterAll(async () => {
  client.close()
  await proxy.stop()
  await Promise.all([small.stop(), large.stop()])
})

const bodyOf = (model: unknown, bytes = 0): string => JSON.stringify({ filler: 'x'.repeat(bytes), model })
const servedBy = async (path: string, body: string): Promise<string> => {
  const answer = await client.post(path, body)
  return answer.status === 200 ? answer.body.toString() : String(answer.status)
}

describe('the model in the body of a request', () => {
  test('chooses the route, and reaches the server as it was sent', async () => {
    const body = `{"n":1.0,"model":"small" , "id":12345678901234567890}`
    const [before, copies] = [small.requests.length, large.requests.length]
    expect(await servedBy('/chat', body)).toBe('small')
    expect((await small.requests[before]?.body)?.data?.toString()).toBe(body)
    const copy = await eventually(() => large.requests[copies])
    expect((await copy.body).data?.toString()).toBe(body.replace('small', 'large'))
    expect(await servedBy('/chat', bodyOf('large'))).toBe('large')
  })

  test('is found in a body of up to 1 MiB', async () => {
    const room = MODEL_BODY_BYTES - bodyOf('small').length
    expect(await servedBy('/chat', bodyOf('small', room))).toBe('small')
  })

  test('is found in a body that comes byte by byte', async () => {
    const body = bodyOf('small')
    const slow = await connectRaw(proxy.port)
    slow.send(`POST /chat HTTP/1.1\r\nhost: r\r\ntransfer-encoding: chunked\r\n\r\n`)
    for (const byte of body) {
      slow.send(`1\r\n${byte}\r\n`)
      await sleep(2)
    }
    slow.send('0\r\n\r\n')
    expect((await slow.readResponse()).body.toString()).toBe('small')
    slow.destroy()
  })

  test('which no route asks for leaves the request to a route that asks for none', async () => {
    for (const body of [bodyOf('tiny'), bodyOf(1), '{"model":', '[]', bodyOf('small', MODEL_BODY_BYTES)])
      expect(await servedBy('/chat/rest', body)).toBe('large')
  })

  test('which no route asks for is a 404 where there is none, also of a body too long to be read', async () => {
    const answer = await client.post('/chat', bodyOf('tiny'))
    expect([answer.status, JSON.parse(answer.body.toString())]).toEqual([
      404,
      expect.objectContaining({ code: 'NO_ROUTE', detail: 'no route matches POST /chat with model "tiny"' }),
    ])
    expect(await servedBy('/chat', '{}')).toBe('404')
    const long = await connectRaw(proxy.port)
    const body = bodyOf('small', MODEL_BODY_BYTES)
    long.send(`POST /chat HTTP/1.1\r\nhost: r\r\ncontent-length: ${body.length}\r\n\r\n`)
    long.send(body)
    const refused = await long.readResponse()
    expect([refused.status, refused.body.toString()]).toEqual([404, expect.stringContaining('without a model')])
    long.destroy()
  })

  test('is not waited for where the request has no body', async () => {
    const early = await connectRaw(proxy.port)
    early.send('GET /chat HTTP/1.1\r\nhost: r\r\n\r\n')
    expect((await early.readResponse()).status).toBe(404)
    early.destroy()
  })

  test('leaves nothing under way when its client goes before it has come', async () => {
    const gone = await connectRaw(proxy.port)
    gone.send('POST /chat HTTP/1.1\r\nhost: r\r\ncontent-length: 100\r\n\r\n{"model":')
    await eventually(async () => ((await proxy.readMetrics()).value('understudy_in_flight') === 1 ? true : undefined))
    const before = small.requestCount + large.requestCount
    gone.destroy()
    await eventually(async () => ((await proxy.readMetrics()).value('understudy_in_flight') === 0 ? true : undefined))
    expect(small.requestCount + large.requestCount).toBe(before)
  })

  test('counts requests under the route it chose, and those without a route under none', async () => {
    const before = await proxy.readMetrics()
    const total = (metrics: typeof before, labels: Record<string, string>): number =>
      metrics.sum('understudy_requests_total', labels)
    await client.post('/chat', bodyOf('large'))
    await client.post('/chat', bodyOf('tiny'))
    await eventually(async () => {
      const now = await proxy.readMetrics()
      const grown = (labels: Record<string, string>): number => total(now, labels) - total(before, labels)
      return grown({ route: 'large' }) === 1 && grown({}) === 1 ? true : undefined
    })
  })
})

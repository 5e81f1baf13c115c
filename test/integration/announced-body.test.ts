/** Requests that say how long their body is and have not sent any of it: they begin with its first byte. */
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest'
import { InProcessPlane } from '../support/in-process-plane.ts'
import { connectRaw } from '../support/raw-client.ts'
import { startUpstream, type UpstreamServer } from '../support/upstream-server.ts'
import { eventually } from '../support/within.ts'
import { loadText } from '../unit/config/routing-files.ts'

const REQUEST_MS = 1_200
const HEAD = 'POST /infer HTTP/1.1\r\nhost: r\r\ncontent-length: 5\r\n\r\n'

let upstream: UpstreamServer
let proxy: InProcessPlane

beforeAll(async () => {
  upstream = await startUpstream(async (request, respond) => {
    const { data } = await request.body
    respond.reply(200, {}, data ?? Buffer.alloc(0))
  })
})
afterAll(() => upstream.stop())

beforeEach(async () => {
  proxy = await InProcessPlane.start(
    loadText(`listen: 127.0.0.1:0
limits: { request: ${REQUEST_MS}ms, body: 1KiB }
upstreams: { v1: { endpoints: "${upstream.url}" } }
routes: [{ name: r, match: { path: /infer }, primary: v1 }]
`),
  )
  onTestFinished(() => proxy.stop())
})

const errors = (code: string): number =>
  proxy.plane.counters.errors().find(error => error.code === code && error.route === '-')?.count ?? 0
const pass = (ms: number): Promise<void> => new Promise(resolve => void setTimeout(resolve, ms))

test('one whose body follows later is answered like any other, and so is the next one on its connection', async () => {
  const client = await connectRaw(proxy.port)
  for (const body of ['first', 'other']) {
    client.send(HEAD)
    await pass(30)
    expect(proxy.plane.inFlight).toBe(0)
    client.send(body)
    const response = await client.readResponse()
    expect([response.status, response.body.toString()]).toEqual([200, body])
  }
  client.destroy()
})

test('the model server gets a body that comes in one packet behind its head in one piece, with its length', async () => {
  const client = await connectRaw(proxy.port)
  client.send(HEAD)
  await pass(30)
  client.send('later')
  await client.readResponse()
  const head = upstream.requests.at(-1)?.headBytes.toString('latin1').toLowerCase()
  expect(head).toContain('content-length: 5\r\n')
  client.destroy()
})

test('one whose body never begins is answered 408 when its time is over, and no model server hears of it', async () => {
  const before = { late: errors('REQUEST_TIMEOUT'), requests: upstream.requestCount }
  const client = await connectRaw(proxy.port)
  client.send(HEAD)
  const response = await client.readResponse()
  expect([response.status, response.header('connection')]).toEqual([408, 'close'])
  expect(JSON.parse(response.body.toString())).toMatchObject({ code: 'REQUEST_TIMEOUT' })
  await client.closed
  expect(errors('REQUEST_TIMEOUT')).toBe(before.late + 1)
  expect(upstream.requestCount).toBe(before.requests)
})

test('the first byte of a body does not give it its whole time again', async () => {
  const client = await connectRaw(proxy.port)
  const startMs = performance.now()
  client.send(HEAD)
  await pass(REQUEST_MS * 0.9)
  client.send('x')
  expect((await client.readResponse()).status).toBe(408)
  // With its time again it would be 1.9 times.
  expect(performance.now() - startMs).toBeLessThan(REQUEST_MS * 1.7)
  await client.closed
})

test('one that is refused for its length or its method, or asks before it sends, is told at once', async () => {
  const startMs = performance.now()
  const client = await connectRaw(proxy.port)
  client.send(HEAD.replace('length: 5', 'length: 5000'))
  expect((await client.readResponse()).status).toBe(413)
  const tunnel = await connectRaw(proxy.port)
  tunnel.send(HEAD.replace('POST /infer', 'CONNECT r:443'))
  expect((await tunnel.readResponse()).status).toBe(501)
  const asking = await connectRaw(proxy.port)
  asking.send(HEAD.replace('host: r', 'host: r\r\nexpect: 100-continue'))
  const told = Promise.withResolvers<number>()
  const answered = asking.readResponse({ onInformational: ({ status }) => told.resolve(status) })
  expect(await told.promise).toBe(100)
  expect(performance.now() - startMs).toBeLessThan(REQUEST_MS)
  asking.send('asked')
  expect((await answered).body.toString()).toBe('asked')
  for (const each of [client, tunnel, asking]) each.destroy()
})

test('one in chunks is begun with its head: such a client may wait for the answer to begin', async () => {
  const before = upstream.requestCount
  const client = await connectRaw(proxy.port)
  client.send(HEAD.replace('content-length: 5', 'transfer-encoding: chunked'))
  await eventually(() => upstream.requestCount === before + 1)
  client.destroy()
})

test('a client that leaves instead is counted, and its connection is closed', async () => {
  const before = errors('BAD_REQUEST')
  const client = await connectRaw(proxy.port, { allowHalfOpen: true })
  client.send(HEAD)
  await pass(30)
  client.halfClose()
  expect(await client.closed).toBe('fin')
  expect(errors('BAD_REQUEST')).toBe(before + 1)
})

test('at the end of a drain, one sent ahead behind a last answer is not taken for one that waits', async () => {
  const asked = Promise.withResolvers<void>()
  const answering = Promise.withResolvers<void>()
  const slow = await startUpstream(async (_request, respond) => {
    asked.resolve()
    await answering.promise
    respond.reply(200)
  })
  onTestFinished(() => slow.stop())
  const draining = await InProcessPlane.start(
    loadText(`listen: 127.0.0.1:0
upstreams: { v1: { endpoints: "${slow.url}" } }
routes: [{ name: r, primary: v1 }]
`),
  )
  onTestFinished(() => draining.stop())
  const client = await connectRaw(draining.port, { allowHalfOpen: true })
  client.send(`GET / HTTP/1.1\r\nhost: r\r\n\r\n${HEAD}`)
  await asked.promise
  draining.plane.draining = true
  answering.resolve()
  expect((await client.readResponse()).header('connection')).toBe('close')
  expect(draining.shutDown()).toBe(0)
  expect(draining.plane.counters.errors()).toEqual([])
  client.destroy()
})

test('at the end of a drain it is told', async () => {
  const client = await connectRaw(proxy.port)
  client.send(HEAD)
  await pass(30)
  expect(proxy.shutDown()).toBe(1)
  const response = await client.readResponse()
  expect([response.status, JSON.parse(response.body.toString()).code]).toEqual([503, 'DRAINING'])
  await client.closed
})

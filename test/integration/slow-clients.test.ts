import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { connectRaw, type RawClient } from '../support/raw-client.ts'
import { startUnderstudy, type RunningUnderstudy } from '../support/run-understudy.ts'
import { SteadyClient } from '../support/steady-client.ts'
import { startUpstream, type UpstreamServer } from '../support/upstream-server.ts'
import { eventually } from '../support/within.ts'

const HEADER_WAIT_MS = 600
const REQUEST_MS = 1_200
const BETWEEN_BYTES_MS = 800
/** For the machine. */
const LATE_MS = 2_500
/** More than the connections to the model server, of which a quarter is for unfinished uploads. */
const SLOW_CLIENTS = 40
const CONNECTIONS = 8
/** More than the kernel takes for a client that does not read. */
const LARGE_BYTES = 16 * 1024 * 1024
const limits = { header_wait: `${HEADER_WAIT_MS}ms`, request: `${REQUEST_MS}ms` }

let upstream: UpstreamServer
let proxy: RunningUnderstudy
let normal: SteadyClient

beforeAll(async () => {
  upstream = await startUpstream(async (request, respond) => {
    await request.body
    const bytes = Number(/\d+/.exec(request.target)?.[0] ?? 2)
    respond.reply(200, {}, Buffer.alloc(bytes, 0x61))
  })
  proxy = await startUnderstudy({
    limits,
    upstreams: {
      v1: {
        endpoints: upstream.url,
        connections: CONNECTIONS,
        timeouts: { between_bytes: `${BETWEEN_BYTES_MS}ms` },
      },
      patient: { endpoints: upstream.url, connections: CONNECTIONS },
    },
    routes: [
      { name: 'patient', match: { prefix: '/patient/' }, primary: 'patient' },
      { name: 'r', primary: 'v1' },
    ],
  })
  normal = new SteadyClient(proxy.url, 2)
})
afterAll(async () => {
  normal.close()
  await proxy.stop()
  await upstream.stop()
})

const openMany = (count: number): Promise<RawClient[]> =>
  Promise.all(Array.from({ length: count }, () => connectRaw(proxy.port)))

/** Sends a byte now and then, as a slowloris does. */
function keepTrickling(clients: readonly RawClient[], bytes: string): () => void {
  const timer = setInterval(() => clients.forEach(client => client.send(bytes)), 100)
  return () => clearInterval(timer)
}

/** A normal client's requests beside them: all answered. One without a connection for a second would be told 503. */
async function normalClientIsServed(path = '/infer'): Promise<void> {
  for (let i = 0; i < 20; i++) expect((await normal.post(path, '{"x":1}')).status).toBe(200)
}

const errors = async (code: string): Promise<number> =>
  (await proxy.readMetrics()).sum('understudy_errors_total', { code })

const inFlight = async (name: string): Promise<number> =>
  (await proxy.readMetrics()).value('understudy_upstream_in_flight', { upstream: name })

describe('C7: clients that send their headers byte by byte', () => {
  test('are answered 408 and cut at limits.header_wait; others do not notice', async () => {
    const startMs = performance.now()
    const slow = await openMany(SLOW_CLIENTS)
    for (const client of slow) client.send('GET / HTTP/1.1\r\nhost: r\r\nx-a: ')
    const stop = keepTrickling(slow, 'b')
    try {
      await normalClientIsServed()
    } finally {
      await Promise.all(slow.map(client => client.closed))
      stop()
    }
    const answers = await Promise.all(slow.map(client => client.readResponse()))
    for (const answer of answers) {
      expect([answer.status, answer.header('connection')]).toEqual([408, 'close'])
      expect(JSON.parse(answer.body.toString())).toMatchObject({ code: 'REQUEST_TIMEOUT' })
    }
    expect(performance.now() - startMs).toBeLessThan(HEADER_WAIT_MS + LATE_MS)
    await eventually(async () => (await errors('REQUEST_TIMEOUT')) === SLOW_CLIENTS)
  })

  test('or that send nothing at all, are cut as well', async () => {
    const client = await connectRaw(proxy.port)
    expect((await client.readResponse()).status).toBe(408)
    await client.closed
    await eventually(async () => (await errors('REQUEST_TIMEOUT')) === SLOW_CLIENTS + 1)
  })
})

describe('C7: clients that send their body byte by byte', () => {
  test('are answered 408 and cut at limits.request; others do not notice', async () => {
    const before = await errors('REQUEST_TIMEOUT')
    const startMs = performance.now()
    const slow = await openMany(SLOW_CLIENTS)
    for (const client of slow) client.send('POST /slow HTTP/1.1\r\nhost: r\r\ncontent-length: 4096\r\n\r\nx')
    const stop = keepTrickling(slow, 'x')
    try {
      await normalClientIsServed()
    } finally {
      await Promise.all(slow.map(client => client.closed))
      stop()
    }
    const answers = await Promise.all(slow.map(client => client.readResponse()))
    for (const answer of answers) {
      expect([answer.status, answer.header('connection')]).toEqual([408, 'close'])
      expect(JSON.parse(answer.body.toString())).toMatchObject({ code: 'REQUEST_TIMEOUT' })
    }
    expect(performance.now() - startMs).toBeLessThan(REQUEST_MS + LATE_MS)
    await eventually(async () => expect(await errors('REQUEST_TIMEOUT')).toBe(before + SLOW_CLIENTS))
    expect(await errors('CLIENT_GONE')).toBe(0)
    // No more than its share of the connections waited for them, and none is left behind.
    expect(upstream.requests.filter(request => request.target === '/slow').length).toBeLessThanOrEqual(CONNECTIONS / 4)
    await eventually(async () => (await inFlight('v1')) === 0)
  })
})

describe('C7: clients that do not read', () => {
  test('a large answer are cut after between_bytes, and its call with them; others do not notice', async () => {
    const before = await errors('CLIENT_GONE')
    const slow = await openMany(CONNECTIONS / 2)
    for (const client of slow) {
      client.pause()
      client.send(`GET /${LARGE_BYTES} HTTP/1.1\r\nhost: r\r\n\r\n`)
    }
    await normalClientIsServed()
    await eventually(async () => (await errors('CLIENT_GONE')) === before + slow.length, 10_000)
    for (const client of slow) client.resume()
    expect(await Promise.all(slow.map(client => client.closed))).toEqual(slow.map(() => 'reset'))
  })

  test('a large answer are cut sooner when others need their connections, and only then', async () => {
    const before = await errors('CLIENT_GONE')
    const slow = await openMany(CONNECTIONS)
    for (const client of slow) {
      client.pause()
      client.send(`GET /patient/${LARGE_BYTES} HTTP/1.1\r\nhost: r\r\n\r\n`)
    }
    await eventually(async () => (await inFlight('patient')) === CONNECTIONS)
    expect(await errors('CLIENT_GONE')).toBe(before)
    await normalClientIsServed('/patient/infer')
    // One request at a time needs one connection.
    await eventually(async () => (await errors('CLIENT_GONE')) === before + 1)
    for (const client of slow) client.destroy()
  })
})

import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { connectRaw, type RawClient } from '../support/raw-client.ts'
import { startUnderstudy, type RunningUnderstudy } from '../support/run-understudy.ts'
import { startUpstream, type UpstreamServer } from '../support/upstream-server.ts'

let primary: UpstreamServer
let proxy: RunningUnderstudy

const LIMIT_BYTES = 4 * 1024 * 1024
const PIECE = Buffer.alloc(64 * 1024, 'x')

beforeAll(async () => {
  primary = await startUpstream(async (request, respond) => {
    if (request.target === '/early') return respond.reply(401, { 'x-early': 'yes' }, 'go away')
    if (request.target === '/early-fine') return respond.reply(200, {}, 'enough')
    await request.body
    respond.reply(200, {}, request.target)
  })
  proxy = await startUnderstudy({
    limits: { body: '4MiB', headers: '16KiB' },
    upstreams: { live: primary.url },
    routes: [{ name: 'r', match: { prefix: '/', methods: ['POST', 'GET'] }, primary: 'live' }],
  })
})

afterAll(async () => {
  await proxy.stop()
  await primary.stop()
})

const open = (): Promise<RawClient> => connectRaw(proxy.port)
const post = (target: string, framing: string): string => `POST ${target} HTTP/1.1\r\nHost: h\r\n${framing}\r\n\r\n`
const length = (bytes: number): string => `Content-Length: ${bytes}`
const NEXT = 'GET /next HTTP/1.1\r\nHost: h\r\n\r\n'

/** Goes on uploading after the answer, as a client does that has not looked yet. */
async function pour(client: RawClient, bytes: number): Promise<void> {
  for (let sent = 0; sent < bytes; sent += PIECE.length) {
    client.send(PIECE)
    await new Promise(setImmediate)
  }
}

describe('A11: an answer that is given while the upload goes on', () => {
  test.each([
    ['of the model server', '/early', length(3_000_000), 401],
    ['of the model server, to chunks', '/early', 'Transfer-Encoding: chunked', 401],
    ['of the proxy: too long by its length', '/x', length(LIMIT_BYTES * 2), 413],
  ])(
    '%s arrives whole, says that the connection ends, and is not overtaken by a reset',
    async (_, target, framing, status) => {
      for (let i = 0; i < 5; i++) {
        const client = await open()
        client.send(post(target, framing))
        client.send(framing.startsWith('C') ? PIECE : Buffer.concat([Buffer.from('100000\r\n'), PIECE]))
        client.pause() // it reads only after it has sent all this
        await pour(client, 600_000)
        client.resume()
        const answer = await client.readResponse()
        expect([answer.status, answer.ended, answer.header('connection')]).toEqual([status, 'complete', 'close'])
        expect(await client.closed).toBe('fin')
        client.destroy()
      }
    },
  )

  test('too long by what comes: a client that sends everything before it reads gets its 413', async () => {
    const client = await open()
    client.send(post('/x', 'Transfer-Encoding: chunked'))
    client.pause()
    for (let i = 0; i < 100; i++) {
      client.send(Buffer.concat([Buffer.from('10000\r\n'), PIECE, Buffer.from('\r\n')]))
      if (i % 8 === 0) await client.flushed()
    }
    client.send('0\r\n\r\n')
    await client.flushed()
    client.resume()
    const answer = await client.readResponse()
    expect([answer.status, JSON.parse(answer.body.toString()).code]).toEqual([413, 'BODY_TOO_LARGE'])
    expect([answer.header('connection'), await client.closed]).toEqual(['close', 'fin'])
  })

  test('a head over the limit: a client that is still sending it gets its 431', async () => {
    const client = await open()
    client.pause()
    client.send(`GET /x HTTP/1.1\r\nHost: h\r\nX: ${'a'.repeat(20_000)}`)
    for (let i = 0; i < 10; i++) {
      await sleep(2)
      client.send('a'.repeat(20_000))
    }
    client.resume()
    const answer = await client.readResponse()
    expect([answer.status, await client.closed]).toEqual([431, 'fin'])
  })

  test.each([
    ['/early', 401],
    ['/early-fine', 200],
  ])('to a body that is short: the rest is read, and the next request is intact (%s)', async (target, status) => {
    const client = await open()
    client.send(post(target, length(100_000)) + 'x'.repeat(50_000))
    const early = await client.readResponse()
    expect([early.status, early.header('connection')]).toEqual([status, 'keep-alive'])
    client.send('x'.repeat(50_000) + NEXT)
    expect((await client.readResponse()).body.toString()).toBe('/next')
    client.destroy()
  })

  test('a refusal by the proxy of a short body leaves the connection usable', async () => {
    const client = await open()
    client.send(`PUT /no-route HTTP/1.1\r\nHost: h\r\n${length(10)}\r\n\r\n01234`)
    expect((await client.readResponse()).status).toBe(404)
    client.send(`56789${NEXT}`)
    expect((await client.readResponse()).body.toString()).toBe('/next')
    client.destroy()
  })

  test('behind an answer that is the last one, nothing is a request', async () => {
    const before = primary.requestCount
    const client = await open()
    client.send(post('/x', length(LIMIT_BYTES * 2)) + NEXT)
    expect((await client.readResponse()).status).toBe(413)
    client.send(NEXT.repeat(20))
    expect((await client.readUntilClose()).bytes.toString()).toBe('')
    expect(primary.requestCount).toBe(before)
  })

  test('a client that goes on for ever is cut after 5 s, and so is one that never sends the rest', async () => {
    const startMs = performance.now()
    const idle = await open()
    idle.send(`${post('/early-fine', length(2000))}x`)
    expect((await idle.readResponse()).status).toBe(200)
    // It does not close when the proxy does, and goes on sending.
    const socket = connect({ port: proxy.port, host: '127.0.0.1', allowHalfOpen: true })
    const gone = new Promise<number>(resolve => {
      socket.on('error', () => resolve(performance.now() - startMs))
    })
    socket.write(post('/x', length(1e12)))
    const pump = setInterval(() => socket.write(PIECE), 20)
    socket.resume()
    expect(await gone).toBeGreaterThan(4000)
    clearInterval(pump)
    expect(['fin', 'reset']).toContain(await idle.closed)
    expect(performance.now() - startMs).toBeLessThan(15_000)
  })
})

const openNow = async (): Promise<number> => (await proxy.readMetrics()).sum('understudy_connections')

test('no connection is left open behind these answers', async () => {
  await expect.poll(openNow, { timeout: 8000 }).toBe(0)
})

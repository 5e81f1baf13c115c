import { createHash } from 'node:crypto'
import { Agent, request as httpRequest, type IncomingMessage } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, test } from 'vitest'
import { connectRaw } from '../../support/raw-client.ts'
import { startUpstream, type UpstreamHandler, type UpstreamServer } from '../../support/upstream-server.ts'
import { eventually } from '../../support/within.ts'

let upstream: UpstreamServer | undefined

async function start(handler: UpstreamHandler): Promise<UpstreamServer> {
  upstream = await startUpstream(handler)
  return upstream
}

afterEach(async () => {
  await upstream?.stop()
  upstream = undefined
})

interface Answer {
  readonly message: IncomingMessage
  readonly body: string
}

/** One request by node:http, as an independent reader of what the server writes. */
function call(
  server: UpstreamServer,
  options: { method?: string; body?: string; agent?: Agent } = {},
): Promise<Answer> {
  const { method = 'GET', body, agent } = options
  return new Promise((resolve, reject) => {
    const request = httpRequest(`${server.url}/v2/models/m/infer?x=1`, { method, ...(agent ? { agent } : {}) })
    request.on('error', reject)
    request.on('response', message => {
      let text = ''
      message.setEncoding('utf8')
      message.on('data', (piece: string) => (text += piece))
      message.on('end', () => resolve({ message, body: text }))
      message.on('error', reject)
    })
    request.end(body)
  })
}

describe('the test upstream answers node:http', () => {
  test('with a whole reply', async () => {
    const server = await start((_, respond) =>
      respond.reply(
        201,
        [
          ['X-A', '1'],
          ['x-a', '2'],
        ],
        'made',
      ),
    )
    const { message, body } = await call(server)
    expect(message.statusCode).toBe(201)
    expect(message.rawHeaders).toEqual(['X-A', '1', 'x-a', '2', 'content-length', '4'])
    expect(body).toBe('made')
  })

  test('with chunks and trailers', async () => {
    const server = await start((_, respond) => {
      respond.head(200, { trailer: 'x-sum' })
      respond.write('one ')
      respond.write('two')
      respond.end({ 'x-sum': '7' })
    })
    const { message, body } = await call(server)
    expect(message.headers['transfer-encoding']).toBe('chunked')
    expect(body).toBe('one two')
    expect(message.trailers).toEqual({ 'x-sum': '7' })
  })

  test('with a chunked reply, also an empty one', async () => {
    const server = await start((request, respond) => {
      respond.reply(200, { 'transfer-encoding': 'chunked' }, request.requestNumber === 1 ? 'x' : '')
    })
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    expect((await call(server, { agent })).body).toBe('x')
    expect((await call(server, { agent })).body).toBe('')
    expect((await call(server, { agent })).message.statusCode).toBe(200)
    expect(server.connections.opened).toBe(1)
    agent.destroy()
  })

  test('until the close', async () => {
    const server = await start((_, respond) => {
      respond.head(200, { connection: 'close' })
      respond.write('all')
      respond.end()
    })
    expect((await call(server)).body).toBe('all')
    await eventually(() => server.connections.open === 0)
  })

  test('to HEAD without body', async () => {
    const server = await start((_, respond) => respond.reply(200, {}, 'never seen'))
    const { message, body } = await call(server, { method: 'HEAD' })
    expect(message.headers['content-length']).toBe('10')
    expect(body).toBe('')
  })

  test('slowly', async () => {
    const server = await start(async (_, respond) => {
      respond.head(200)
      await respond.trickle('abcdef', 2, 20)
      respond.end()
    })
    const startMs = performance.now()
    expect((await call(server)).body).toBe('abcdef')
    expect(performance.now() - startMs).toBeGreaterThan(35)
  })
})

describe('the test upstream remembers', () => {
  test('what each request was, byte for byte', async () => {
    const server = await start(async (request, respond) => {
      const { data } = await request.body
      respond.reply(200, {}, data ?? '')
    })
    const client = await connectRaw(server.port)
    const head = 'POST /p?q HTTP/1.1\r\nHost: h\r\nX-B: 1\r\nx-a: 2\r\nX-B: 3\r\nContent-Length: 4\r\n\r\n'
    client.send(`${head}bodyGET /second HTTP/1.1\r\nhost: h\r\n\r\n`)
    expect((await client.readResponse()).body.toString()).toBe('body')
    expect((await client.readResponse()).status).toBe(200)
    const [first, second] = server.requests
    expect(first).toMatchObject({ method: 'POST', target: '/p?q', connectionId: 1, requestNumber: 1, bodyBytes: 4 })
    expect(first?.headBytes.toString()).toBe(head)
    expect(first?.headers.map(([name]) => name)).toEqual(['Host', 'X-B', 'x-a', 'X-B', 'Content-Length'])
    expect(first?.headerAll('x-b')).toEqual(['1', '3'])
    expect(second).toMatchObject({ method: 'GET', target: '/second', connectionId: 1, requestNumber: 2 })
    client.destroy()
  })

  test('a large body by its hash only', async () => {
    const body = Buffer.alloc(3 * 1024 * 1024, 'ab')
    const server = await start(async (request, respond) => {
      const received = await request.body
      expect(received.data).toBeNull()
      respond.reply(200, {}, `${received.bytes} ${received.sha256}`)
    })
    const client = await connectRaw(server.port)
    client.send(`POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n${body.length.toString(16)}\r\n`)
    client.send(body)
    client.send('\r\n0\r\nx-sum: 7\r\n\r\n')
    const sha256 = createHash('sha256').update(body).digest('hex')
    expect((await client.readResponse()).body.toString()).toBe(`${body.length} ${sha256}`)
    expect((await server.requests[0]?.body)?.trailers).toEqual([['x-sum', '7']])
    client.destroy()
  })

  test('requests that were aborted, at once and once', async () => {
    const server = await start((_, respond) => respond.hang())
    const client = await connectRaw(server.port)
    client.send('POST / HTTP/1.1\r\ncontent-length: 9\r\n\r\nhalf')
    const request = await eventually(() => server.requests[0])
    await eventually(() => request.bodyBytes === 4)
    const leftAtMs = performance.now()
    client.destroy()
    expect((await request.gone) - leftAtMs).toBeLessThan(500)
    await expect(request.body).rejects.toThrow('the connection ended before the exchange was over')
    expect(request.bodyState).toBe('aborted')
    await eventually(() => server.connections.open === 0)
    expect(server.abortedCount).toBe(1)
  })

  test('that a client went away from an endless answer', async () => {
    const server = await start(async (_, respond) => {
      respond.head(200)
      await respond.endless()
    })
    const client = await connectRaw(server.port)
    client.send('GET / HTTP/1.1\r\n\r\n')
    await client.readBytes(1_000_000)
    client.reset()
    await eventually(() => server.abortedCount === 1)
    expect(server.requests[0]?.bodyState).toBe('received')
  })

  test('what no strict reader may accept', async () => {
    const server = await start((_, respond) => respond.reply(200))
    const client = await connectRaw(server.port)
    client.send('POST / HTTP/1.1\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n')
    expect((await client.readResponse()).status).toBe(400)
    expect(await client.closed).toBe('fin')
    expect(server.violations).toEqual([expect.stringContaining('content-length beside transfer-encoding')])
    expect(server.requestCount).toBe(0)
  })

  test('the errors of its handler, and says them at the end', async () => {
    const server = await startUpstream(() => {
      throw new Error('handler is wrong')
    })
    await expect(call(server)).rejects.toMatchObject({ code: 'ECONNRESET' })
    await expect(server.stop()).rejects.toThrow('handler is wrong')
  })
})

describe('the test upstream misbehaves', () => {
  test('with any bytes', async () => {
    const server = await start((_, respond) => {
      respond.raw('HTTP/1.1 200 OK\r\ncontent-length: 3\r\ncontent-length: 4\r\n\r\nabcd')
    })
    await expect(call(server)).rejects.toMatchObject({ code: 'HPE_UNEXPECTED_CONTENT_LENGTH' })
  })

  test('with an RST, a FIN in the middle, and silence', async () => {
    const server = await start((_, respond) => respond.reset())
    const client = await connectRaw(server.port)
    client.send('GET / HTTP/1.1\r\n\r\n')
    expect(await client.closed).toBe('reset')

    server.handle((_, respond) => {
      respond.head(200, { 'content-length': '10' })
      respond.write('half')
      respond.close()
    })
    const second = await connectRaw(server.port)
    second.send('GET / HTTP/1.1\r\n\r\n')
    expect(await second.readResponse()).toMatchObject({ ended: 'closed-early', bodyBytes: 4 })
    expect(server.abortedCount).toBe(0)

    server.handle((_, respond) => respond.hang())
    const third = await connectRaw(server.port)
    third.send('GET / HTTP/1.1\r\n\r\n')
    await expect(third.readBytes(1, 50)).rejects.toThrow('only 0 of 1 bytes')
  })

  test('with 1xx before the answer, and an answer before the body', async () => {
    const server = await start((_, respond) => {
      respond.informational(103, { link: '</a>' })
      respond.reply(413, {}, 'enough')
    })
    const client = await connectRaw(server.port)
    client.send('POST / HTTP/1.1\r\ncontent-length: 4\r\n\r\n')
    const early = await client.readResponse()
    expect(early.status).toBe(413)
    expect(early.informational).toEqual([{ status: 103, headers: [['link', '</a>']] }])
    client.send('bodyGET / HTTP/1.1\r\n\r\n')
    expect((await client.readResponse()).status).toBe(413)
    client.destroy()
  })

  test('by not reading', async () => {
    const server = await start(request => request.pauseBody())
    const client = await connectRaw(server.port)
    const body = Buffer.alloc(64 * 1024 * 1024)
    client.send(`POST / HTTP/1.1\r\ncontent-length: ${body.length}\r\n\r\n`)
    const request = await eventually(() => server.requests[0])
    client.send(body)
    await sleep(100)
    expect(client.unsentBytes).toBeGreaterThan(0)
    request.resumeBody()
    expect((await request.body).bytes).toBe(body.length)
    client.destroy()
  })

  test('by closing its idle connections only', async () => {
    const server = await start((request, respond) => (request.target === '/hang' ? respond.hang() : respond.reply(200)))
    const idle = await connectRaw(server.port)
    const busy = await connectRaw(server.port)
    idle.send('GET / HTTP/1.1\r\n\r\n')
    busy.send('GET /hang HTTP/1.1\r\n\r\n')
    await idle.readResponse()
    await eventually(() => server.requestCount === 2)
    server.closeIdle()
    expect(await idle.closed).toBe('fin')
    await expect(busy.readBytes(1, 30)).rejects.toThrow('only 0 of 1 bytes')
    server.resetAll()
    expect(await busy.closed).toBe('reset')
  })

  test('by dying, and comes back on the same port', async () => {
    const dead = await startUpstream((_, respond) => respond.reply(200))
    const client = await connectRaw(dead.port)
    await eventually(() => dead.connections.open === 1)
    await dead.stop()
    expect(await client.closed).toBe('reset')
    await expect(connectRaw(dead.port)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    upstream = await startUpstream((_, respond) => respond.reply(200, {}, 'back'), { port: dead.port })
    expect((await call(upstream)).body).toBe('back')
  })
})

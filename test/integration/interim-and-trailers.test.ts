import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { connectRaw, type RawClient } from '../support/raw-client.ts'
import { startUnderstudy, type RunningUnderstudy } from '../support/run-understudy.ts'
import { startUpstream, type UpstreamServer } from '../support/upstream-server.ts'
import { eventually } from '../support/within.ts'

let primary: UpstreamServer
let shadow: UpstreamServer
let proxy: RunningUnderstudy

const HINTS = [
  ['Link', '</a>; rel=preload, </b>; rel="preload stylesheet"'],
  ['X-Progress', '50%'],
  ['link', '</c>'],
] as const

beforeAll(async () => {
  primary = await startUpstream(async (request, respond) => {
    if (request.target === '/refuses') return respond.reply(401, {}, 'no')
    if (request.target === '/hints') {
      respond.informational(103, HINTS)
      respond.informational(102)
      await sleep(50)
      respond.informational(103, { 'X-Progress': '90%', Connection: 'x-hop', 'Keep-Alive': 'timeout=1' })
      respond.informational(110, { 'x-understudy-arm': 'spoofed', 'X-Odd': 'yes' })
    }
    if (request.target.startsWith('/trailers')) {
      const announced = request.target === '/trailers' ? { trailer: 'X-Sum, X-Sum' } : {}
      respond.head(200, { 'content-type': 'text/plain', ...announced })
      respond.write('abc')
      respond.end([
        ['X-Sum', 'a'],
        ['x-sum', 'b'],
        ['Keep-Alive', 'timeout=9'],
        ['x-understudy-arm', 'spoofed'],
      ])
      return
    }
    await request.body
    respond.reply(200, {}, 'done')
  })
  shadow = await startUpstream(async (request, respond) => {
    await request.body
    respond.reply(200)
  })
  proxy = await startUnderstudy({
    limits: { body: '1KiB' },
    upstreams: { live: primary.url, copy: shadow.url },
    routes: [
      {
        name: 'r',
        match: { prefix: '/', methods: ['POST', 'GET', 'HEAD'] },
        primary: 'live',
        shadows: [{ upstream: 'copy', percent: 100 }],
      },
    ],
  })
})

afterAll(async () => {
  await proxy.stop()
  await primary.stop()
  await shadow.stop()
})

const open = (): Promise<RawClient> => connectRaw(proxy.port)
const expecting = (method: string, target: string, bytes: number, version = '1.1'): string =>
  `${method} ${target} HTTP/${version}\r\nHost: h\r\nContent-Length: ${bytes}\r\nExpect: 100-continue\r\n\r\n`

describe('B12: Expect: 100-continue', () => {
  test('is answered when the proxy wants the body, and goes to neither leg', async () => {
    const copies = shadow.requests.length
    const client = await open()
    client.send(expecting('POST', '/x', 3))
    expect((await client.readBytes(25)).toString()).toBe('HTTP/1.1 100 Continue\r\n\r\n')
    client.send('abc')
    const answer = await client.readResponse()
    expect([answer.status, answer.informational]).toEqual([200, []])
    const copy = await eventually(() => shadow.requests[copies])
    for (const leg of [primary.requests.at(-1), copy]) {
      expect(leg?.headerAll('expect')).toEqual([])
      expect((await leg?.body)?.data?.toString()).toBe('abc')
    }
    client.destroy()
  })

  test.each([
    ['no route', expecting('PUT', '/x', 3), 404],
    ['a body over the limit', expecting('POST', '/x', 2000), 413],
    ['a target that is none', expecting('POST', '/../x', 3), 400],
  ])('is not answered where the request is refused anyway: %s', async (_, bytes, status) => {
    const before = primary.requestCount
    const client = await open()
    client.send(bytes)
    const answer = await client.readResponse()
    // Whether the body follows is the client's choice, so nothing behind this answer can be a request.
    expect([answer.status, answer.informational, answer.header('connection')]).toEqual([status, [], 'close'])
    client.send('GET /x HTTP/1.1\r\nHost: h\r\n\r\n')
    expect((await client.readUntilClose()).bytes.toString()).toBe('')
    expect(primary.requestCount).toBe(before)
  })

  test('the refusal of the model server reaches the client while the body is still coming', async () => {
    const client = await open()
    client.send(expecting('POST', '/refuses', 1000))
    await client.readBytes(25)
    client.send('a')
    expect((await client.readResponse()).status).toBe(401)
    client.destroy()
  })

  test('of HTTP/1.0 is ignored: such a client does not wait', async () => {
    const client = await open()
    client.send(`${expecting('POST', '/x', 3, '1.0')}abc`)
    const answer = await client.readResponse()
    expect([answer.status, answer.informational]).toEqual([200, []])
  })

  test('without a body is ignored as well', async () => {
    const client = await open()
    client.send(expecting('POST', '/x', 0))
    const answer = await client.readResponse()
    expect([answer.status, answer.informational]).toEqual([200, []])
    client.destroy()
  })
})

describe('B13: answers before the answer', () => {
  test('come in order and at once, with all their end-to-end headers', async () => {
    const client = await open()
    client.send('GET /hints HTTP/1.1\r\nHost: h\r\n\r\n')
    const beforeAnswer: number[] = []
    let headAt = 0
    const answer = await client.readResponse({
      onInformational: () => beforeAnswer.push(performance.now()),
      onHead: () => (headAt = performance.now()),
    })
    client.destroy()
    expect(answer.informational).toEqual([
      { status: 103, headers: HINTS.map(header => [...header]) },
      { status: 102, headers: [] },
      { status: 103, headers: [['X-Progress', '90%']] },
      { status: 110, headers: [['X-Odd', 'yes']] },
    ])
    expect([answer.status, answer.body.toString()]).toEqual([200, 'done'])
    expect(headAt - (beforeAnswer[0] as number)).toBeGreaterThan(25)
  })

  test('are nothing an HTTP/1.0 client could read', async () => {
    const client = await open()
    client.send('GET /hints HTTP/1.0\r\nHost: h\r\n\r\n')
    const answer = await client.readResponse()
    expect([answer.status, answer.informational, answer.body.toString()]).toEqual([200, [], 'done'])
  })

  test('stay with their own request among pipelined ones', async () => {
    const client = await open()
    client.send('POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabcGET /hints HTTP/1.1\r\nHost: h\r\n\r\n')
    const answers = [await client.readResponse(), await client.readResponse()]
    client.destroy()
    expect(answers.map(each => [each.status, each.informational.length])).toEqual([
      [200, 0],
      [200, 4],
    ])
  })
})

describe('B14: trailers', () => {
  test.each([
    ['/trailers', 'X-Sum, X-Sum'],
    ['/trailers-unannounced', undefined],
  ])('of an answer are forwarded, announced where the server did so: %s', async (target, announced) => {
    const client = await open()
    client.send(`GET ${target} HTTP/1.1\r\nHost: h\r\nTE: trailers\r\n\r\n`)
    const answer = await client.readResponse()
    client.send('GET /x HTTP/1.1\r\nHost: h\r\n\r\n')
    expect((await client.readResponse()).body.toString()).toBe('done')
    client.destroy()
    expect([answer.header('trailer'), answer.body.toString(), answer.trailers]).toEqual([
      announced,
      'abc',
      [
        ['X-Sum', 'a'],
        ['x-sum', 'b'],
      ],
    ])
  })

  test('are nothing an HTTP/1.0 client could read, and nothing HEAD has', async () => {
    for (const [method, version, body] of [
      ['GET', '1.0', 'abc'],
      ['HEAD', '1.1', ''],
    ] as const) {
      const client = await open()
      client.send(`${method} /trailers HTTP/${version}\r\nHost: h\r\nConnection: close\r\n\r\n`)
      const answer = await client.readResponse({ method })
      expect([answer.header('trailer'), answer.body.toString(), answer.trailers]).toEqual([undefined, body, []])
      client.destroy()
    }
  })

  test.each(['trailers', 'gzip, trailers', 'Trailers;q=1, trailers', 'TRAILERS'])(
    'can be asked for: of "TE: %s", the part for the whole way is kept',
    async te => {
      const copies = shadow.requests.length
      const client = await open()
      client.send(`GET /x HTTP/1.1\r\nHost: h\r\nConnection: te\r\nTE: ${te}\r\n\r\n`)
      expect((await client.readResponse()).status).toBe(200)
      client.destroy()
      const copy = await eventually(() => shadow.requests[copies])
      for (const leg of [primary.requests.at(-1), copy]) expect(leg?.headerAll('te')).toEqual(['trailers'])
    },
  )

  test('of a request are read and left out, whatever they say', async () => {
    const client = await open()
    const trailers = 'X-Sum: 1\r\nHost: evil\r\n'
    client.send(`POST /x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n${trailers}\r\n`)
    expect((await client.readResponse()).status).toBe(200)
    client.destroy()
    const leg = primary.requests.at(-1)
    expect([leg?.header('host'), leg?.header('x-sum'), (await leg?.body)?.trailers]).toEqual(['h', undefined, []])
  })
})

import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { BodyStream } from '../../../../../src/dataplane/upstream/h1/body-stream.ts'
import type { CallControl } from '../../../../../src/dataplane/upstream/h1/call.ts'
import { Connections } from '../../../../../src/dataplane/upstream/h1/connections.ts'
import { endpointPlan, upstreamPlan } from '../../../../support/plans.ts'
import { RecordedCall, requestOf } from '../../../../support/recorded-call.ts'
import type { Respond } from '../../../../support/upstream-respond.ts'
import { startUpstream, type UpstreamServer } from '../../../../support/upstream-server.ts'
import { turnEnd } from '../../../../support/upload.ts'
import { eventually } from '../../../../support/within.ts'

let server: UpstreamServer
let connections: Connections
const asked: Respond[] = []

beforeEach(async () => {
  asked.length = 0
  server = await startUpstream((_request, respond) => void asked.push(respond))
  connections = new Connections(endpointPlan(server.url), upstreamPlan(), 'localhost')
})

afterEach(async () => {
  connections.destroy()
  await server.stop()
})

function send(body: BodyStream | null = null): { call: RecordedCall; control: CallControl; abort: () => void } {
  const call = new RecordedCall(body === null ? 'GET' : 'POST')
  const request = requestOf(call.method, '/', body, body === null ? '' : 'transfer-encoding: chunked')
  const control = connections.send(call, request, performance.now())
  return { call, control, abort: () => control.abort(call) }
}

/** How the request that comes next is answered. */
const nextRequest = (): Promise<Respond> => eventually(() => asked.shift())

/** Nothing is open any more, and nothing was heard since. */
async function isGone(call: RecordedCall, heard: readonly string[]): Promise<void> {
  await eventually(() => server.connections.open === 0)
  await turnEnd()
  expect(call.heard).toEqual(heard)
  expect(connections.noneIdle).toBe(true)
}

describe('giving a call up', () => {
  test('while its connection opens, closes it and sends nothing', async () => {
    const { call, abort } = send()
    abort()
    await turnEnd()
    await isGone(call, [])
    expect(server.requestCount).toBe(0)
  })

  test('while it waits for an answer', async () => {
    const { call, abort } = send()
    await nextRequest()
    abort()
    await isGone(call, ['sent'])
    expect(server.abortedCount).toBe(1)
  })

  test('in the middle of a head', async () => {
    const { call, abort } = send()
    const respond = await nextRequest()
    respond.raw('HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK')
    await eventually(() => call.heard.includes('interim 103'))
    abort()
    await isGone(call, ['sent', 'interim 103'])
  })

  test('in the middle of a body, paused or not', async () => {
    for (const paused of [false, true]) {
      const { call, control, abort } = send()
      const respond = await nextRequest()
      respond.raw('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc')
      await eventually(() => call.body === 'abc')
      if (paused) control.pause(call)
      abort()
      await isGone(call, ['sent', 'head 200', 'data'])
    }
  })

  test('while its body is still being sent; the client may go on pushing', async () => {
    const stream = new BodyStream(() => {})
    const { call, abort } = send(stream)
    stream.push(Buffer.from('abc'))
    await eventually(() => server.requests[0]?.bodyBytes === 3)
    abort()
    stream.push(Buffer.from('def'))
    stream.end()
    await isGone(call, [])
    expect(server.requests[0]?.bodyState).toBe('aborted')
  })

  test.each(['interim 103', 'head 200', 'data'])('from within its %s', async what => {
    const { call, abort } = send()
    call.react = each => {
      if (each === what) abort()
    }
    const respond = await nextRequest()
    respond.raw(
      'HTTP/1.1 103 \r\n\r\nHTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n1\r\nb\r\n0\r\n\r\n',
    )
    const all = ['sent', 'interim 103', 'head 200', 'data']
    await isGone(call, all.slice(0, all.indexOf(what) + 1))
    expect(call.body).toBe(what === 'data' ? 'a' : '')
  })

  test('that is over is without effect on the next one', async () => {
    const first = send()
    const respond = await nextRequest()
    respond.reply(200)
    expect(await first.call.over()).toBe('end')
    const second = send()
    const next = await nextRequest()
    first.abort()
    first.control.pause(first.call)
    next.reply(200, {}, 'ok')
    expect([await second.call.over(), second.call.body, server.connections.opened]).toEqual(['end', 'ok', 1])
  })
})

test('a call given up while a TLS handshake hangs lets go of its socket', async () => {
  const sockets: Socket[] = []
  const silent = createServer(socket => void sockets.push(socket.resume().on('error', () => {}))).listen(0, '127.0.0.1')
  await once(silent, 'listening')
  const { port } = silent.address() as AddressInfo
  const timeouts = { ...upstreamPlan().timeouts, connectMs: 60_000 }
  const secure = new Connections(endpointPlan(`https://127.0.0.1:${port}`), upstreamPlan({ timeouts }), 'localhost')
  const call = new RecordedCall()
  const control = secure.send(call, requestOf('GET', '/'), performance.now())
  await eventually(() => sockets.length === 1)
  control.abort(call)
  await eventually(() => sockets[0]?.readableEnded === true || sockets[0]?.destroyed === true, 3_000).finally(() => {
    for (const socket of sockets) socket.destroy()
    silent.close()
  })
  expect(call.heard).toEqual([])
})

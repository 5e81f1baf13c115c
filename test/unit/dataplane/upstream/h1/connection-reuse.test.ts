import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Connections } from '../../../../../src/dataplane/upstream/h1/connections.ts'
import { endpointPlan, upstreamPlan } from '../../../../support/plans.ts'
import { RecordedCall, requestOf } from '../../../../support/recorded-call.ts'
import type { Respond } from '../../../../support/upstream-respond.ts'
import { startUpstream, type UpstreamServer } from '../../../../support/upstream-server.ts'
import { turnEnd } from '../../../../support/upload.ts'
import { eventually } from '../../../../support/within.ts'

/** A connection that was idle for so long is looked at before it is used. */
const UNTRUSTED_MS = 200
const ANSWER = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok'

let server: UpstreamServer
let connections: Connections

beforeEach(async () => {
  server = await startUpstream((request, respond) => respond.reply(200, {}, request.target), { keepRequests: false })
  connections = new Connections(endpointPlan(server.url), upstreamPlan(), 'localhost')
})

afterEach(async () => {
  connections.destroy()
  await server.stop()
})

function send(target = '/', idleMs = 0, method = 'GET'): RecordedCall {
  const call = new RecordedCall(method)
  connections.send(call, requestOf(method, target), performance.now() + idleMs)
  return call
}

describe('one connection', () => {
  test('carries 10 000 calls one after the other, each with its own answer', async () => {
    for (let i = 0; i < 10_000; i++) {
      const call = send(`/${i}`)
      if ((await call.over()) !== 'end' || call.body !== `/${i}`) expect(call).toMatchObject({ body: `/${i}` })
    }
    expect([server.connections.opened, server.requestCount]).toEqual([1, 10_000])
  })

  test('carries the next call when it is sent from the end of the last', async () => {
    const targets: string[] = []
    const done = Promise.withResolvers<void>()
    const next = (i: number): void => {
      const call = send(`/${i}`)
      call.react = what => {
        if (what !== 'end') return
        targets.push(call.body)
        if (i < 100) next(i + 1)
        else done.resolve()
      }
    }
    next(0)
    await done.promise
    expect(targets).toEqual(Array.from({ length: 101 }, (_, i) => `/${i}`))
    expect(server.connections.opened).toBe(1)
  })

  test('carries what has no body in its answer, and goes on', async () => {
    server.handle((request, respond) => respond.reply(request.target === '/204' ? 204 : 200, {}, 'ok'))
    for (const method of ['HEAD', 'GET', 'HEAD', 'GET']) {
      const call = send('/', 0, method)
      expect([await call.over(), call.body]).toEqual(['end', method === 'GET' ? 'ok' : ''])
      expect(await send('/204').over()).toBe('end')
    }
    expect(server.connections.opened).toBe(1)
  })
})

describe('a connection that the server closed while it was idle', () => {
  test('is never met by a request', async () => {
    expect(await send().over()).toBe('end')
    server.closeIdle()
    await eventually(() => connections.noneIdle)
    expect(await send().over()).toBe('end')
    expect(server.connections.opened).toBe(2)
  })

  test('is never met by a request either when its end is there but not known yet', async () => {
    for (let i = 1; i <= 20; i++) {
      expect(await send().over()).toBe('end')
      server.closeIdle()
      // The server's FIN is sent at the end of its turn: then it is there, and only the next poll knows.
      await turnEnd()
      const call = send('/', UNTRUSTED_MS)
      expect([await call.over(), call.heard]).toEqual(['end', ['sent', 'head 200', 'data', 'end']])
    }
    expect(server.abortedCount).toBe(0)
  })
})

describe('a connection with more in it than its answer', () => {
  test.each([
    ['at once', ANSWER + ANSWER, ''],
    ['later', ANSWER, ANSWER],
    ['a line end at once', `${ANSWER}\r\n`, ''],
  ])('is closed: %s', async (_, first, later) => {
    const asked: Respond[] = []
    server.handle((_request, respond) => {
      respond.raw(first)
      asked.push(respond)
    })
    const call = send()
    expect([await call.over(), call.body]).toEqual(['end', 'ok'])
    asked[0]?.raw(later)
    // Long before it is closed for its age.
    if (later === '') expect(connections.noneIdle).toBe(true)
    else await eventually(() => connections.noneIdle, 2_000)
    expect(call.heard.filter(each => each === 'end')).toHaveLength(1)
    server.handle((request, respond) => respond.reply(200, {}, request.target))
    const next = send('/next')
    expect([await next.over(), next.body]).toEqual(['end', '/next'])
    expect(server.connections.opened).toBe(2)
  })
})

test('an answer that says close closes its connection, and HTTP/1.0 does so by itself', async () => {
  for (const head of ['HTTP/1.1 200 OK\r\nconnection: close', 'HTTP/1.0 200 OK']) {
    server.handle((_request, respond) => void respond.raw(`${head}\r\ncontent-length: 2\r\n\r\nok`))
    expect(await send().over()).toBe('end')
    expect(connections.noneIdle).toBe(true)
    await eventually(() => server.connections.open === 0)
  }
})

test('a head that comes line by line is an answer', async () => {
  server.handle(async (_request, respond) => {
    for (const line of ANSWER.split(/(?<=\n)/)) {
      respond.raw(line)
      await sleep(5)
    }
    respond.end()
  })
  const call = send()
  expect([await call.over(), call.body]).toEqual(['end', 'ok'])
})

/**
 * The last bytes of an answer filled the client's socket, the leg paused the connection, the same bytes ended the answer,
 * and the connection went back to the pool paused: the next request on it never got an answer.
 */
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Connections } from '../../src/dataplane/upstream/h1/connections.ts'
import { endpointPlan, upstreamPlan } from '../support/plans.ts'
import { RecordedCall, requestOf } from '../support/recorded-call.ts'
import { startUpstream, type UpstreamServer } from '../support/upstream-server.ts'

const ANSWERS = {
  length: 'HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nabc',
  chunked: 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n',
  none: 'HTTP/1.1 204 No Content\r\n\r\n',
}

let server: UpstreamServer
let connections: Connections

beforeEach(async () => {
  server = await startUpstream(() => {})
  connections = new Connections(endpointPlan(server.url), upstreamPlan(), 'localhost')
})

afterEach(async () => {
  connections.destroy()
  await server.stop()
})

test.each(Object.entries(ANSWERS))(
  'a reader paused by the end of an answer (%s) holds up nobody else',
  async (_, bytes) => {
    server.handle((_request, respond) => {
      respond.raw(bytes)
      respond.end()
    })
    for (let i = 0; i < 3; i++) {
      const call = new RecordedCall()
      const control = connections.send(call, requestOf('GET', '/'), performance.now())
      call.react = what => {
        if (what !== 'sent') control.pause(call)
      }
      expect(await call.over()).toBe('end')
      // As the client's drain has it, which comes late.
      control.resume(call)
    }
    expect(server.connections.opened).toBe(1)
  },
)

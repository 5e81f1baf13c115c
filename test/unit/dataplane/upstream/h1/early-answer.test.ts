import { afterEach, beforeEach, expect, test } from 'vitest'
import { BodyStream } from '../../../../../src/dataplane/upstream/h1/body-stream.ts'
import { Connections } from '../../../../../src/dataplane/upstream/h1/connections.ts'
import { endpointPlan, upstreamPlan } from '../../../../support/plans.ts'
import { sendCall, type RecordedCall } from '../../../../support/recorded-call.ts'
import { startUpstream, type UpstreamServer } from '../../../../support/upstream-server.ts'
import { eventually } from '../../../../support/within.ts'

/** More than the kernel takes of a connection that nobody reads. */
const LARGE_BYTES = 32 * 1024 * 1024

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

const send = (body: BodyStream | Buffer | null, framing = ''): RecordedCall => sendCall(connections, body, framing)

async function nextCallIsIntact(): Promise<void> {
  server.handle((_request, respond) => respond.reply(200, {}, 'next'))
  const next = send(null)
  expect([await next.over(), next.body, server.violations]).toEqual(['end', 'next', []])
}

test.each(['transfer-encoding: chunked', 'content-length: 9'])(
  'an answer before the end of an upload (%s) closes the connection',
  async framing => {
    server.handle((_request, respond) => respond.reply(413, {}, 'no'))
    const stream = new BodyStream(() => {})
    const call = send(stream, framing)
    stream.push(Buffer.from('abc'))
    expect([await call.over(), call.body]).toEqual(['end', 'no'])
    expect(call.heard).toEqual(['head 413', 'data', 'end'])
    expect(connections.noneIdle).toBe(true)
    await eventually(() => server.connections.open === 0)
    // The client may go on: nothing of it goes anywhere.
    expect(stream.push(Buffer.from('def'))).toBe(true)
    stream.end()
    expect(call.heard).toEqual(['head 413', 'data', 'end'])
    await nextCallIsIntact()
  },
)

test('an answer that begins before the end of an upload and ends behind it keeps the connection', async () => {
  server.handle(async (request, respond) => {
    respond.head(200)
    respond.write('a')
    await request.body
    respond.write('b')
    respond.end([['x-sum', '1']])
  })
  const stream = new BodyStream(() => {})
  const call = send(stream, 'transfer-encoding: chunked')
  await eventually(() => call.body === 'a')
  stream.push(Buffer.from('abc'))
  stream.end()
  expect([await call.over(), call.body]).toEqual(['end', 'ab'])
  expect(call.heard).toEqual(['head 200', 'data', 'sent', 'data', 'end x-sum 1'])
  await nextCallIsIntact()
  expect(server.connections.opened).toBe(1)
})

test('an answer to a whole body that the model server does not read closes the connection: nothing waits behind that body', async () => {
  server.handle((request, respond) => {
    request.pauseBody()
    respond.reply(413, {}, 'no')
  })
  const call = send(Buffer.alloc(LARGE_BYTES), `content-length: ${LARGE_BYTES}`)
  expect([await call.over(), call.body]).toEqual(['end', 'no'])
  await nextCallIsIntact()
})

test('an upload whose end waits behind bytes that the model server does not read is no whole one', async () => {
  server.handle((request, respond) => {
    request.pauseBody()
    respond.reply(413, {}, 'no')
  })
  const stream = new BodyStream(() => {})
  stream.push(Buffer.alloc(LARGE_BYTES))
  stream.end()
  const call = send(stream, `content-length: ${LARGE_BYTES}`)
  expect([await call.over(), call.body]).toEqual(['end', 'no'])
  await nextCallIsIntact()
})

import { createHash, randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { BodyStream } from '../../../../../src/dataplane/upstream/h1/body-stream.ts'
import { Connections } from '../../../../../src/dataplane/upstream/h1/connections.ts'
import { endpointPlan, upstreamPlan } from '../../../../support/plans.ts'
import { sendCall, type RecordedCall } from '../../../../support/recorded-call.ts'
import { startUpstream, type UpstreamServer } from '../../../../support/upstream-server.ts'
import { eventually } from '../../../../support/within.ts'

const MIB = 1024 * 1024
const BODY_BYTES = 24 * MIB
/** Of sizes that meet no boundary of anything. */
const PIECE_BYTES = 48_611

let server: UpstreamServer
let connections: Connections

beforeEach(async () => {
  server = await startUpstream(async (request, respond) => respond.reply(200, {}, (await request.body).sha256))
  connections = new Connections(endpointPlan(server.url), upstreamPlan(), 'localhost')
})

afterEach(async () => {
  connections.destroy()
  await server.stop()
})

const send = (body: BodyStream | Buffer | null, framing = ''): RecordedCall => sendCall(connections, body, framing)

/** A client that pushes until it is held back, and goes on when it is let go. */
function upload(body: Buffer): { stream: BodyStream; pushed: () => number; holds: () => number } {
  let at = 0
  let holds = 0
  const push = (): void => {
    while (at < body.length) {
      const piece = body.subarray(at, at + PIECE_BYTES)
      at += piece.length
      if (stream.push(piece)) continue
      holds++
      return
    }
    stream.end()
  }
  const stream = new BodyStream(push)
  push()
  return { stream, pushed: () => at, holds: () => holds }
}

describe.each([
  ['in chunks', 'transfer-encoding: chunked'],
  ['with a length', `content-length: ${BODY_BYTES}`],
])('an upload %s', (_, framing) => {
  test('arrives byte for byte, is held back meanwhile, and leaves its connection usable', async () => {
    const body = randomBytes(BODY_BYTES)
    const { stream, holds } = upload(body)
    const call = send(stream, framing)
    expect([await call.over(), call.body]).toEqual(['end', createHash('sha256').update(body).digest('hex')])
    expect(call.heard).toEqual(['sent', 'head 200', 'data', 'end'])
    expect(holds()).toBeGreaterThan(1)
    expect(await send(null).over()).toBe('end')
    expect([server.connections.opened, server.violations]).toEqual([1, []])
  })

  test('stays at the client while the model server does not read, and is not lost', async () => {
    const read = Promise.withResolvers<void>()
    server.handle(async (request, respond) => {
      request.pauseBody()
      await read.promise
      request.resumeBody()
      respond.reply(200, {}, (await request.body).sha256)
    })
    const body = randomBytes(BODY_BYTES)
    const { stream, pushed } = upload(body)
    const call = send(stream, framing)
    let before = -1
    // The kernel has taken what it takes.
    await eventually(async () => {
      await sleep(50)
      const same = server.requestCount === 1 && before === pushed()
      before = pushed()
      return same
    })
    expect(pushed()).toBeLessThan(BODY_BYTES)
    read.resolve()
    expect([await call.over(), call.body]).toEqual(['end', createHash('sha256').update(body).digest('hex')])
  })
})

test('an upload of no byte, of one and of an empty piece in the middle arrive', async () => {
  for (const pieces of [[], ['a'], ['a', '', 'b']]) {
    const stream = new BodyStream(() => {})
    const call = send(stream, 'transfer-encoding: chunked')
    for (const piece of pieces) stream.push(Buffer.from(piece))
    await eventually(() => server.requests.at(-1)?.bodyBytes === pieces.join('').length)
    for (const piece of pieces) stream.push(Buffer.from(piece))
    stream.end()
    const sent = pieces.join('') + pieces.join('')
    expect([await call.over(), call.body]).toEqual(['end', createHash('sha256').update(sent).digest('hex')])
  }
  expect([server.connections.opened, server.violations]).toEqual([1, []])
})

test.each([1, 16 * 1024, 16 * 1024 + 1, 3 * MIB])('a whole body of %i bytes arrives byte for byte', async bytes => {
  const body = randomBytes(bytes)
  const call = send(body, `content-length: ${bytes}`)
  expect([await call.over(), call.body]).toEqual(['end', createHash('sha256').update(body).digest('hex')])
  expect([server.violations, server.connections.opened]).toEqual([[], 1])
})

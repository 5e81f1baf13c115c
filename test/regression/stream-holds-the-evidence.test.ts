/**
 * A second is judged when every exchange of it is settled, and an answer that is a stream may go on for ever. Where the route
 * had a canary each of its requests was waited for, so a single open stream kept all later evidence of its thread back, of
 * other routes as well, while their counts piled up. So did a stream that had a copy.
 */
import { MessageChannel } from 'node:worker_threads'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { anchorClock } from '../../src/clock.ts'
import { DataPlane } from '../../src/dataplane/data-plane.ts'
import { Listener } from '../../src/dataplane/http/listener.ts'
import { settleUnbounded } from '../../src/dataplane/settle.ts'
import { unpackArmRequests } from '../../src/wire/arm-votes.ts'
import type { DataPlaneToAnalysis, Tally } from '../../src/wire/messages.ts'
import { connectRaw, type RawClient } from '../support/raw-client.ts'
import { startUpstream, type UpstreamServer } from '../support/upstream-server.ts'
import type { Respond } from '../support/upstream-respond.ts'
import { eventually } from '../support/within.ts'
import { loadText } from '../unit/config/routing-files.ts'

const FIVE_MINUTES_US = 300e6

let primary: UpstreamServer
let others: UpstreamServer
let plane: DataPlane
let listener: Listener
let client: RawClient
let streaming: Respond | null = null
let tallies: Tally[] = []

beforeEach(async () => {
  tallies = []
  primary = await startUpstream((_request, respond) => {
    respond.head(200, { 'content-type': 'text/event-stream' })
    respond.write('data: {"token":"one"}\n\n')
    streaming = respond
  })
  others = await startUpstream((_request, respond) => respond.reply(200, {}, '{}'))
  const snapshot = loadText(`listen: 127.0.0.1:0
upstreams: { v1: "${primary.url}", v2: "${others.url}", v3: "${others.url}" }
routes:
  - { name: llm, primary: v1, canary: { upstream: v2, percent: 0 }, shadows: [{ upstream: v3, percent: 100 }] }
`)
  const { port1, port2 } = new MessageChannel()
  port2.on('message', (message: DataPlaneToAnalysis) => {
    if (message.kind === 'tally') tallies.push(...message.tallies)
  })
  const data = { thread: 0, origin: 'h/b/0', clock: anchorClock(), snapshot, reusePort: false, analysis: port1 }
  plane = new DataPlane(data, port1, () => {})
  listener = new Listener(plane)
  client = await connectRaw(await listener.listen('127.0.0.1', 0, false))
})

afterEach(async () => {
  client.destroy()
  listener.stopAccepting()
  listener.closeAll()
  plane.close()
  await primary.stop()
  await others.stop()
})

/** What the experiment with this candidate has counted. */
const rowOf = (candidate: string): Tally | undefined =>
  tallies.find(({ experiment }) => plane.runtime.snapshot.experiments[experiment]?.candidate.upstream === candidate)

test('a stream is counted after five minutes, once, and goes on to its client', async () => {
  client.send('GET /v1/stream HTTP/1.1\r\nhost: llm\r\n\r\n')
  await eventually(() => plane.readCounters().shadows.some(({ sent }) => sent === 1) && others.requestCount === 1)
  await eventually(() => streaming !== null)
  const nowUs = plane.clock.nowUs()
  settleUnbounded(plane, nowUs + FIVE_MINUTES_US - 60e6)
  expect(plane.openExchanges.count).toBe(1)
  settleUnbounded(plane, nowUs + FIVE_MINUTES_US + 1)
  expect([plane.openExchanges.count, plane.inFlight]).toEqual([0, 1])
  streaming?.write('data: {"token":"two"}\n\n')
  streaming?.end()
  const { body } = await client.readResponse()
  expect(body.toString()).toContain('two')
  await eventually(() => plane.inFlight === 0)
  plane.handOverAll()
  await eventually(() => tallies.length > 0)
  expect(rowOf('v3')?.counts).toMatchObject({
    sampled: 1,
    sent: 1,
    pairs: 0,
    unpaired: { too_long: 1, client_gone: 0 },
  })
  expect(unpackArmRequests(rowOf('v2')?.arms ?? [])).toMatchObject([{ arm: 'primary', failed: false }])
  expect(plane.readCounters().shadows).toContainEqual(
    expect.objectContaining({ shadow: 'v3', sent: 1, pairs: 0, inFlight: 0 }),
  )
})

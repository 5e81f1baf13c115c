/**
 * A second is judged when every exchange of it is settled, and an answer that is a stream may go on for ever. Where the route
 * had a canary each of its requests was waited for, so a single open stream kept all later evidence of its thread back, of
 * other routes as well, while their counts piled up. So did a stream that had a copy.
 */
import { afterEach, beforeEach, expect, test } from 'vitest'
import { settleUnbounded } from '../../src/dataplane/settle.ts'
import { unpackArmRequests } from '../../src/wire/arm-votes.ts'
import { InProcessPlane } from '../support/in-process-plane.ts'
import { connectRaw } from '../support/raw-client.ts'
import { startUpstream, type UpstreamServer } from '../support/upstream-server.ts'
import type { Respond } from '../support/upstream-respond.ts'
import { eventually } from '../support/within.ts'
import { loadText } from '../unit/config/routing-files.ts'

const FIVE_MINUTES_US = 300e6

let primary: UpstreamServer
let others: UpstreamServer
let proxy: InProcessPlane
let streaming: Respond | null = null

beforeEach(async () => {
  primary = await startUpstream((_request, respond) => {
    respond.head(200, { 'content-type': 'text/event-stream' })
    respond.write('data: {"token":"one"}\n\n')
    streaming = respond
  })
  others = await startUpstream((_request, respond) => respond.reply(200, {}, '{}'))
  proxy = await InProcessPlane.start(
    loadText(`listen: 127.0.0.1:0
upstreams: { v1: "${primary.url}", v2: "${others.url}", v3: "${others.url}" }
routes:
  - { name: llm, primary: v1, canary: { upstream: v2, percent: 0 }, shadows: [{ upstream: v3, percent: 100 }] }
`),
  )
})

afterEach(async () => {
  proxy.stop()
  await primary.stop()
  await others.stop()
})

test('a stream is counted after five minutes, once, and goes on to its client', async () => {
  const { plane } = proxy
  const client = await connectRaw(proxy.port)
  client.send('GET /v1/stream HTTP/1.1\r\nhost: llm\r\n\r\n')
  await eventually(() => others.requestCount === 1 && streaming !== null)
  const nowUs = plane.clock.nowUs()
  settleUnbounded(plane, nowUs + FIVE_MINUTES_US - 60e6)
  expect(plane.openExchanges.count).toBe(1)
  await eventually(() => {
    settleUnbounded(plane, nowUs + FIVE_MINUTES_US + 1)
    return plane.openExchanges.count === 0
  })
  expect(plane.inFlight).toBe(1)
  streaming?.write('data: {"token":"two"}\n\n')
  streaming?.end()
  const { body } = await client.readResponse()
  expect(body.toString()).toContain('two')
  const { counts } = await proxy.tallyOf('v3')
  expect(counts).toMatchObject({ sampled: 1, sent: 1, pairs: 0, unpaired: { too_long: 1, client_gone: 0 } })
  const { arms } = await proxy.tallyOf('v2')
  expect(unpackArmRequests(arms)).toMatchObject([{ arm: 'primary', failed: false }])
  expect(plane.readCounters().shadows).toContainEqual(
    expect.objectContaining({ shadow: 'v3', sent: 1, pairs: 0, inFlight: 0 }),
  )
  client.destroy()
})

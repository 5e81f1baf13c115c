/**
 * A client that goes away before the end of its answer is no failure of the arm. Where the answer was a failure already, one
 * that clients do not wait for, it counted as a good one: a canary that fails slowly looked better than it was.
 */
import { afterEach, beforeEach, expect, test } from 'vitest'
import { unpackArmRequests } from '../../src/wire/arm-votes.ts'
import { InProcessPlane } from '../support/in-process-plane.ts'
import { connectRaw } from '../support/raw-client.ts'
import { startUpstream, type UpstreamServer } from '../support/upstream-server.ts'
import { loadText } from '../unit/config/routing-files.ts'

let canary: UpstreamServer
let proxy: InProcessPlane
let status = 200

beforeEach(async () => {
  canary = await startUpstream((_request, respond) => {
    respond.head(status, { 'content-length': '100' })
    respond.write('the beginning')
  })
  proxy = await InProcessPlane.start(
    loadText(`listen: 127.0.0.1:0
upstreams: { v1: "http://127.0.0.1:1", v2: "${canary.url}" }
routes: [{ name: chat, primary: v1, canary: { upstream: v2, percent: 100 } }]
`),
  )
})

afterEach(async () => {
  proxy.stop()
  await canary.stop()
})

test.each([
  [200, false],
  [404, false],
  [429, true],
  [503, true],
])('an answer %d whose client leaves before its end counts as failed: %s', async (answered, failed) => {
  status = answered
  const client = await connectRaw(proxy.port)
  client.send('GET /v1/chat HTTP/1.1\r\nhost: chat\r\n\r\n')
  await client.readBytes(100)
  client.reset()
  const { arms } = await proxy.tallyOf('v2')
  expect(unpackArmRequests(arms)).toMatchObject([{ arm: 'canary', failed }])
})

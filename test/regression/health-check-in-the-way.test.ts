/**
 * Health checks went through the same connections as requests. While requests held all of them, the check waited in line
 * until its time was over: an endpoint that was merely busy was found unhealthy, and its load went to the others until they
 * were too. The other way round, a check that hung took a connection, and the last request waited behind it unseen.
 */
import { afterEach, beforeEach, expect, test } from 'vitest'
import { DeadlineWheel } from '../../src/dataplane/deadline-wheel.ts'
import type { Endpoint } from '../../src/dataplane/upstream/endpoint.ts'
import { Upstream } from '../../src/dataplane/upstream/upstream.ts'
import { EndOfCall } from '../support/call-upstream.ts'
import { endpointPlan, upstreamPlan } from '../support/plans.ts'
import { startUpstream, type UpstreamServer } from '../support/upstream-server.ts'
import { eventually, within } from '../support/within.ts'

let server: UpstreamServer
let upstream: Upstream
const wheel = new DeadlineWheel()

beforeEach(async () => {
  server = await startUpstream(() => {})
})

/** One connection, checked this often. */
function open(intervalMs: number): void {
  const health = { path: '/health', intervalMs, unhealthyAfter: 2, healthyAfter: 1 }
  upstream = new Upstream(upstreamPlan({ endpoints: [endpointPlan(server.url)], connections: 1, health }), wheel)
}

afterEach(async () => {
  upstream.destroy()
  wheel.stop()
  await server.stop()
})

const endpoint = (): Endpoint => upstream.endpoints[0] as Endpoint

function call(): EndOfCall {
  const end = new EndOfCall()
  const head = 'GET /work HTTP/1.1\r\nhost: h\r\n\r\n'
  endpoint().connections.send(end, { head, body: null, chunked: false }, performance.now())
  return end
}

const checks = (): number => server.requests.filter(request => request.target === '/health').length

test('a busy endpoint is asked, and found healthy', async () => {
  server.handle((request, respond) => {
    if (request.target === '/health') respond.reply(200)
  })
  open(150)
  const hung = call()
  await eventually(() => server.requests.some(request => request.target === '/work'))
  const before = checks()
  await eventually(() => checks() > before + 3)
  expect(endpoint().healthy).toBe(true)
  server.resetAll()
  expect(await hung.error).toBeInstanceOf(Error)
})

test('a check that hangs holds up no request', async () => {
  open(60_000)
  await eventually(() => checks() === 1)
  server.handle((request, respond) => {
    if (request.target === '/work') respond.reply(200)
  })
  // A check has three seconds with the timeouts of this plan.
  expect(await within(call().error, 1_500, 'no answer came')).toBeNull()
})

import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { WebSocket } from 'ws'
import type { Snapshot } from '../../src/config/snapshot.ts'
import { abandon } from '../../src/dataplane/settle.ts'
import { InProcessPlane } from '../support/in-process-plane.ts'
import { endpointPlan, routedSnapshot, routePlan, shadowPlan, upstreamPlan } from '../support/plans.ts'
import { startUnderstudy } from '../support/run-understudy.ts'
import { closeOf, nextMessage, openWebSocket, startWsUpstream, type WsUpstream } from '../support/websocket.ts'
import { eventually } from '../support/within.ts'

/** Its answer to a handshake waits for this. */
let mayAnswer: Promise<void>
let primary: WsUpstream
let shadow: WsUpstream
/** Where records stay when the proxy is gone. */
let directory = ''

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'understudy-drain-'))
  mayAnswer = Promise.resolve()
  primary = await startWsUpstream({ verifyClient: (_, answer) => void mayAnswer.then(() => answer(true)) })
})

afterEach(async () => {
  await Promise.all([primary.stop(), shadow.stop()])
  rmSync(directory, { recursive: true, force: true })
})

function snapshot(): Snapshot {
  const upstreams = [primary, shadow].map(({ url }, i) =>
    upstreamPlan({ name: `churn-v${i + 1}`, endpoints: [endpointPlan(url)] }),
  )
  const shadows = [shadowPlan({ websockets: true, timeoutMs: 600_000 })]
  return routedSnapshot({ upstreams, routes: [routePlan({ shadows })] })
}

test('D7: a session that is open at the end of the process is compared as far as it went', async () => {
  shadow = await startWsUpstream()
  const path = join(directory, 'pairs.ndjson')
  const shadows = [{ upstream: 'shadow', percent: 100, websockets: true, timeout: '60s' }]
  const proxy = await startUnderstudy({
    upstreams: { primary: primary.url, shadow: shadow.url },
    routes: [{ name: 'r', match: {}, primary: 'primary', shadows }],
    sinks: { file: { path } },
  })
  const client = await openWebSocket(proxy.url)
  client.send('hello')
  await nextMessage(client)
  await eventually(() => shadow.clients.size === 1)
  const closed = closeOf(client)
  const stopped = await proxy.stop()
  expect((await closed).code).toBe(1001)
  expect(stopped).toMatchObject({ code: 0 })
  expect(stopped.ms).toBeLessThan(10_000)
  const lines = readFileSync(path, 'utf8').trimEnd().split('\n')
  const records = lines.map(line => JSON.parse(line) as { schema: string; comparison?: { result: string } })
  const results = records.flatMap(({ comparison }) => comparison?.result ?? [])
  expect(results).toEqual(['agree'])
})

test('D7: one whose shadow has not answered when the process must go is counted, and its connection is cut', async () => {
  shadow = await startWsUpstream({ echo: false })
  const running = await InProcessPlane.start(snapshot())
  const { plane } = running
  const client = await openWebSocket(`http://127.0.0.1:${running.port}`)
  client.send('hello')
  await nextMessage(client)
  const socket = await eventually(() => [...shadow.clients][0])
  expect(plane.openExchanges.count).toBe(1)
  const closed = closeOf(socket)
  for (const exchange of plane.openExchanges.all()) abandon(exchange)
  expect(plane.openExchanges.count).toBe(0)
  expect((await closed).code).toBe(1006)
  const { counts } = await running.tallyOf('churn-v2')
  expect([counts.sampled, counts.sent, counts.pairs, counts.unpaired.shutdown]).toEqual([1, 1, 0, 1])
  // The connection itself goes on until its tunnel is told.
  client.send('still')
  expect((await nextMessage(client)).data.toString()).toBe('still')
  client.terminate()
  running.stop()
})

test('D7: of a session that opens while the process drains no copy is sent', async () => {
  shadow = await startWsUpstream()
  const running = await InProcessPlane.start(snapshot())
  const opened = await openLate(running, () => (running.plane.draining = true))
  const { counts } = await running.tallyOf('churn-v2')
  expect([counts.eligible, counts.sampled, counts.sent, counts.dropped.draining]).toEqual([1, 1, 0, 1])
  opened.terminate()
  running.stop()
})

test('D7: a session whose configuration was replaced during its handshake is not copied, and counts nowhere', async () => {
  shadow = await startWsUpstream()
  const running = await InProcessPlane.start(snapshot())
  const opened = await openLate(running, () => running.plane.apply({ ...snapshot(), revision: 2 }, new Map()))
  opened.send('hello')
  expect((await nextMessage(opened)).data.toString()).toBe('hello')
  expect(running.plane.openExchanges.count).toBe(0)
  expect(running.plane.readCounters().shadows.map(({ eligible }) => eligible)).toEqual([0])
  expect(shadow.clients.size).toBe(0)
  opened.terminate()
  running.stop()
})

/** Opens a session; `meanwhile` happens when the primary has its handshake and has not answered. */
async function openLate({ plane, port }: InProcessPlane, meanwhile: () => void): Promise<WebSocket> {
  const { promise, resolve } = Promise.withResolvers<void>()
  mayAnswer = promise
  const opening = openWebSocket(`http://127.0.0.1:${port}`)
  await eventually(() => plane.tunnels.size === 1)
  meanwhile()
  resolve()
  return await opening
}

import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { CallControl } from '../../../../../src/dataplane/upstream/h1/call.ts'
import { Connections } from '../../../../../src/dataplane/upstream/h1/connections.ts'
import { endpointPlan, upstreamPlan } from '../../../../support/plans.ts'
import { RecordedCall, requestOf } from '../../../../support/recorded-call.ts'
import { startUpstream, type UpstreamServer } from '../../../../support/upstream-server.ts'
import { turnEnd } from '../../../../support/upload.ts'
import { eventually } from '../../../../support/within.ts'

/** A connection that was idle for so long is looked at, a turn long, before it is used. */
const UNTRUSTED_MS = 200

let server: UpstreamServer
let connections: Connections

beforeEach(async () => {
  server = await startUpstream((request, respond) => respond.reply(200, {}, request.target))
  connections = new Connections(endpointPlan(server.url), upstreamPlan(), 'localhost')
  await send('/first').call.over()
})

afterEach(async () => {
  connections.destroy()
  await server.stop()
})

function send(target: string, idleMs = 0): { call: RecordedCall; control: CallControl } {
  const call = new RecordedCall()
  const control = connections.send(call, requestOf('GET', target), performance.now() + idleMs)
  return { call, control }
}

async function answered(...calls: readonly { call: RecordedCall }[]): Promise<void> {
  expect(await Promise.all(calls.map(({ call }) => call.over()))).toEqual(calls.map(() => 'end'))
}

test('a call on a connection that was idle for long is sent a turn later, on that connection', async () => {
  const one = send('/one', UNTRUSTED_MS)
  expect(one.call.heard).toEqual([])
  await answered(one)
  expect([one.call.body, server.connections.opened]).toEqual(['/one', 1])
})

test('nobody else gets the connection meanwhile', async () => {
  const calls = [send('/one', UNTRUSTED_MS), send('/two'), send('/three', UNTRUSTED_MS)]
  await answered(...calls)
  expect(calls.map(({ call }) => call.body)).toEqual(['/one', '/two', '/three'])
  expect(server.connections.opened).toBe(3)
})

test('a call given up meanwhile is never sent, and its connection serves another', async () => {
  const { call, control } = send('/given-up', UNTRUSTED_MS)
  control.abort(call)
  const next = send('/next')
  await answered(next)
  expect(call.heard).toEqual([])
  expect(server.requests.map(({ target }) => target)).toEqual(['/first', '/next'])
  expect(server.connections.opened).toBe(1)
})

test('a call given up twice gives its connection back once', async () => {
  const { call, control } = send('/given-up', UNTRUSTED_MS)
  control.abort(call)
  control.abort(call)
  const calls = [send('/one'), send('/two')]
  await answered(...calls)
  expect(calls.map(({ call }) => call.body)).toEqual(['/one', '/two'])
})

test('a call given up does not make its connection look used: the server counts on from its last answer', async () => {
  const usedMs = performance.now()
  const passed = vi.spyOn(performance, 'now')
  for (let seconds = 1; seconds <= 3; seconds++) {
    passed.mockReturnValue(usedMs + seconds * 1_000)
    const { call, control } = send('/given-up')
    control.abort(call)
    expect(connections.noneIdle).toBe(false)
  }
  // After 4 s it is too old, however often it was nearly used.
  passed.mockReturnValue(usedMs + 5_000)
  const next = send('/next')
  passed.mockRestore()
  await answered(next)
  expect(server.connections.opened).toBe(2)
})

test('nothing is opened or sent behind the end of everything', async () => {
  const { call } = send('/late', UNTRUSTED_MS)
  connections.destroy()
  await turnEnd()
  await eventually(() => server.connections.open === 0)
  await turnEnd()
  expect([server.connections.opened, server.requestCount, call.heard]).toEqual([1, 1, []])
})

test('a call that waited when its connections were closed is finished, and then its connection goes', async () => {
  const one = send('/one', UNTRUSTED_MS)
  connections.close()
  await answered(one)
  await eventually(() => server.connections.open === 0)
})

import { connect as connectTls } from 'node:tls'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import {
  HUGE_BYTES,
  INFER_PATH,
  INFER_REQUEST,
  LARGE_BYTES,
  SLOW_MS,
  SSE_EVENTS,
  type Behaviour,
} from '../../../loadtest/behaviours.ts'
import { LoadDriver } from '../../../loadtest/driver.ts'
import type { LoadResult } from '../../../loadtest/load-plan.ts'
import { StandIn } from '../../../loadtest/stand-in.ts'

let driver: LoadDriver
let standIn: StandIn | null = null
beforeEach(() => {
  driver = new LoadDriver()
})
afterEach(async () => {
  await standIn?.stop()
  standIn = null
  await driver.stop()
})

/** Ten requests, one each 50 ms, to a stand-in of this behaviour. */
async function load(behaviour: Behaviour): Promise<LoadResult> {
  standIn = await StandIn.start(behaviour, 'shadow')
  return driver.run({
    port: standIn.port,
    path: INFER_PATH,
    body: INFER_REQUEST,
    ratePerS: 20,
    connections: 16,
    fresh: false,
    warmUpMs: 0,
    measureMs: 500,
    timeoutMs: 1500,
  })
}

describe('StandIn', () => {
  test('healthy: answers and counts', async () => {
    expect(await load('healthy')).toMatchObject({ sent: 10, ok: 10 })
    expect(await standIn?.counts()).toMatchObject({ requests: 10, connections: 16 })
  })

  test('slow: answers after half a second', async () => {
    const result = await load('slow')
    expect(result.ok).toBe(10)
    expect(result.p50Us).toBeGreaterThanOrEqual(SLOW_MS * 1000 * 0.99)
  })

  test('huge: sends whole answers of 10 MiB', async () => {
    expect(await load('huge')).toMatchObject({ sent: 10, ok: 10 })
    const answer = await fetch(`${standIn?.url}${INFER_PATH}`, { method: 'POST', body: INFER_REQUEST })
    expect((await answer.arrayBuffer()).byteLength).toBe(HUGE_BYTES)
  })

  test('large: sends 256 KiB to who asks about the model, and predicts like a healthy one', async () => {
    expect(await load('large')).toMatchObject({ sent: 10, ok: 10 })
    const url = `${standIn?.url}${INFER_PATH}`
    expect((await (await fetch(url)).arrayBuffer()).byteLength).toBe(LARGE_BYTES)
    const prediction = await fetch(url, { method: 'POST', body: INFER_REQUEST })
    expect(await prediction.json()).toMatchObject({ model_name: 'churn' })
  })

  test('sse: sends its first event at once and all of them in the end', async () => {
    const result = await load('sse')
    expect(result).toMatchObject({ sent: 10, ok: 10 })
    expect(result.firstByteP50Us).toBeLessThan(result.p50Us / 2)
    const answer = await fetch(`${standIn?.url}${INFER_PATH}`, { method: 'POST', body: INFER_REQUEST })
    expect(answer.headers.get('content-type')).toBe('text/event-stream')
    expect((await answer.text()).match(/^data: /gm)).toHaveLength(SSE_EVENTS)
  })

  test.each([
    ['hanging', 'timeout'],
    ['endless', 'timeout'],
    ['refusing', 'refused'],
    ['resetting', 'reset'],
  ] as const)('%s: every request ends as a %s', async (behaviour, kind) => {
    const result = await load(behaviour)
    expect(result.ok).toBe(0)
    expect(result.errors[kind]).toBe(10)
  })

  test('untrusted-tls: no handshake with a client that verifies', async () => {
    standIn = await StandIn.start('untrusted-tls', 'shadow')
    const socket = connectTls({ port: standIn.port, host: '127.0.0.1' })
    const code = await new Promise(resolve => {
      socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code))
      socket.once('secureConnect', () => resolve('connected'))
    })
    socket.destroy()
    expect(code).toBe('DEPTH_ZERO_SELF_SIGNED_CERT')
    expect((await standIn.counts()).requests).toBe(0)
  })
})

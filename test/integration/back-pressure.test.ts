import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { growthDuring, LargeBodies } from '../support/large-bodies.ts'
import { startUnderstudy, type RunningUnderstudy } from '../support/run-understudy.ts'
import { startUpstream, type UpstreamServer } from '../support/upstream-server.ts'
import { eventually } from '../support/within.ts'

const MIB = 1024 * 1024
const BODY_BYTES = 64 * MIB
const STOP_MS = 400
/**
 * What the kernel may hold on the way: the buffers of four sockets, which grow only while their reader keeps up. Measured up
 * to 24 MiB and 45 bytes where one may have 32 MiB (tcp_rmem); the rest of the body must stay at its source.
 */
const KERNEL_BYTES = 40 * MIB
/** What the process may grow by, buffers and garbage, while 64 MiB pass. */
const GROWTH_BYTES = BODY_BYTES / 2

let primary: UpstreamServer
let shadow: UpstreamServer
let proxy: RunningUnderstudy
let bodies: LargeBodies

beforeAll(async () => {
  primary = await startUpstream(() => {})
  shadow = await startUpstream((_request, respond) => respond.reply(200))
  proxy = await startUnderstudy({
    limits: { body: '128MiB' },
    upstreams: { v1: primary.url, v2: shadow.url },
    routes: [{ name: 'r', primary: 'v1', shadows: [{ upstream: 'v2', percent: 100 }] }],
  })
  bodies = new LargeBodies(proxy.port, primary, BODY_BYTES)
  // The first large bodies let the heap and the pools grow to their size.
  await bodies.download()
  await bodies.upload()
})
afterAll(async () => {
  await proxy.stop()
  await Promise.all([primary.stop(), shadow.stop()])
})

test('C5: a client that stops reading a 64 MiB answer stops the model server; memory stays flat, nothing is lost', async () => {
  const { growthBytes, result } = await growthDuring(proxy.pid, () => bodies.download(STOP_MS))
  expect(result).toMatchObject({ bytes: BODY_BYTES, sha256: bodies.sha256 })
  expect(result.sentAtStop).toBeLessThan(KERNEL_BYTES)
  expect(growthBytes).toBeLessThan(GROWTH_BYTES)
})

test('C5: a model server that stops reading a 64 MiB upload stops the client; memory stays flat, nothing is lost', async () => {
  const { growthBytes, result } = await growthDuring(proxy.pid, () => bodies.upload(STOP_MS))
  expect(result).toMatchObject({ bytes: BODY_BYTES, sha256: bodies.sha256 })
  expect(result.sentAtStop).toBeLessThan(KERNEL_BYTES)
  expect(growthBytes).toBeLessThan(GROWTH_BYTES)
})

describe('E4: uploads of 64 MiB', () => {
  test('are not copied, and each copy that was not sent is counted', async () => {
    await eventually(async () => {
      const metrics = await proxy.readMetrics()
      return metrics.value('understudy_shadow_dropped_total', { reason: 'body_limit' }) === 2
    })
    expect(shadow.requests.filter(request => request.method === 'POST')).toEqual([])
  })
})

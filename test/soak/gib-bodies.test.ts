import { afterAll, beforeAll, expect, test } from 'vitest'
import { growthDuring, LargeBodies } from '../support/large-bodies.ts'
import { startUnderstudy, type RunningUnderstudy } from '../support/run-understudy.ts'
import { startUpstream, type UpstreamServer } from '../support/upstream-server.ts'

const MIB = 1024 * 1024
const GIB = 1024 * MIB
const STOP_MS = 2_000
const KERNEL_BYTES = 24 * MIB
/** Garbage between two collections; a sixteenth of what passes. */
const GROWTH_BYTES = 64 * MIB

let primary: UpstreamServer
let shadow: UpstreamServer
let proxy: RunningUnderstudy
let bodies: LargeBodies

beforeAll(async () => {
  primary = await startUpstream(() => {})
  shadow = await startUpstream((_request, respond) => respond.reply(200))
  proxy = await startUnderstudy({
    limits: { body: '2GiB', request: '120s' },
    upstreams: { v1: { endpoints: primary.url, timeouts: { total: '120s' } }, v2: shadow.url },
    routes: [{ name: 'r', primary: 'v1', shadows: [{ upstream: 'v2', percent: 100 }] }],
  })
  const warmUp = new LargeBodies(proxy.port, primary, 64 * MIB)
  for (let i = 0; i < 2; i++) {
    await warmUp.download()
    await warmUp.upload()
  }
  bodies = new LargeBodies(proxy.port, primary, GIB)
})
afterAll(async () => {
  await proxy.stop()
  await Promise.all([primary.stop(), shadow.stop()])
})

test('C5: 1 GiB down to a client that stops reading for a while passes with flat memory', async () => {
  const { growthBytes, result } = await growthDuring(proxy.pid, () => bodies.download(STOP_MS))
  expect(result).toMatchObject({ bytes: GIB, sha256: bodies.sha256 })
  expect(result.sentAtStop).toBeLessThan(KERNEL_BYTES)
  expect(growthBytes).toBeLessThan(GROWTH_BYTES)
})

test('C5: 1 GiB up to a model server that stops reading for a while passes with flat memory', async () => {
  const { growthBytes, result } = await growthDuring(proxy.pid, () => bodies.upload(STOP_MS))
  expect(result).toMatchObject({ bytes: GIB, sha256: bodies.sha256 })
  expect(result.sentAtStop).toBeLessThan(KERNEL_BYTES)
  expect(growthBytes).toBeLessThan(GROWTH_BYTES)
})

/**
 * Time for a request's head begins with the first byte of HTTP. A client that connected to a TLS listener and never spoke
 * was kept for two minutes, Node's own limit; and when that was lowered, for ever: the answer 408 waited for the handshake.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startUnderstudy, type RunningUnderstudy } from '../support/run-understudy.ts'
import { selfSigned } from '../support/self-signed.ts'
import { eventually, within } from '../support/within.ts'

const HEADER_WAIT_MS = 400
const LATE_MS = 5_000

let directory: string
let proxy: RunningUnderstudy

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'understudy-tls-'))
  const { cert, key } = selfSigned()
  writeFileSync(join(directory, 'cert.pem'), cert)
  writeFileSync(join(directory, 'key.pem'), key)
  proxy = await startUnderstudy({
    listen: { address: '127.0.0.1:0', tls: { cert: join(directory, 'cert.pem'), key: join(directory, 'key.pem') } },
    limits: { header_wait: `${HEADER_WAIT_MS}ms` },
    upstreams: { v1: 'http://127.0.0.1:1' },
    routes: [{ name: 'r', primary: 'v1' }],
  })
})
afterAll(async () => {
  await proxy.stop()
  rmSync(directory, { recursive: true })
})

test.each([
  ['says nothing', ''],
  ['stops in the middle of its first record', '\x16\x03\x01\x02\x00\x01'],
])('C7: a client that %s is cut at limits.header_wait, and counted', async (_, bytes) => {
  const timeouts = async (): Promise<number> =>
    (await proxy.readMetrics()).sum('understudy_errors_total', { code: 'REQUEST_TIMEOUT' })
  const before = await timeouts()
  const startMs = performance.now()
  const socket = connect(proxy.port, '127.0.0.1')
  socket.on('error', () => {})
  socket.resume()
  socket.write(Buffer.from(bytes, 'latin1'))
  await within(new Promise(resolve => socket.on('close', resolve)), LATE_MS, 'the client was not cut')
  expect(performance.now() - startMs).toBeGreaterThan(HEADER_WAIT_MS * 0.9)
  await eventually(async () => (await timeouts()) === before + 1)
})

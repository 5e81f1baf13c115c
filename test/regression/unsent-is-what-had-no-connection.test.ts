/**
 * Whether a request may be sent to another endpoint was read from the code of the error. A TLS handshake that fails or is cut
 * has codes of its own, so that a POST of which nothing had been sent was answered with a 502 although there was another
 * endpoint.
 */
import { createServer, type AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { startUnderstudy } from '../support/run-understudy.ts'
import { selfSigned } from '../support/self-signed.ts'
import { SteadyClient } from '../support/steady-client.ts'
import { startUpstream } from '../support/upstream-server.ts'
import { eventually } from '../support/within.ts'

const url = (port: number): string => `https://localhost:${port}`

test('a POST goes to the other endpoint when the handshake with the first fails, or is cut', async () => {
  const [trusted, unknown] = [selfSigned(), selfSigned()]
  const good = await startUpstream((_request, respond) => respond.reply(200), { tls: trusted })
  const untrusted = await startUpstream((_request, respond) => respond.reply(200), { tls: unknown })
  const cutting = createServer(socket => socket.once('data', () => socket.destroy())).listen(0, '127.0.0.1')
  await eventually(() => cutting.listening)
  const upstream = (bad: number) => ({
    endpoints: [url(bad), url(good.port)],
    tls: { ca: trusted.cert },
    balance: 'round-robin',
    outlier: { errors: 1_000 },
  })
  const proxy = await startUnderstudy({
    upstreams: { a: upstream(untrusted.port), b: upstream((cutting.address() as AddressInfo).port) },
    routes: [
      { name: 'a', match: { path: '/a' }, primary: 'a' },
      { name: 'b', match: { path: '/b' }, primary: 'b' },
    ],
  })
  const client = new SteadyClient(proxy.url, 1)
  for (const path of ['/a', '/b']) {
    const statuses: number[] = []
    for (let i = 0; i < 6; i++) statuses.push((await client.post(path, '{}')).status)
    expect(statuses).toEqual([200, 200, 200, 200, 200, 200])
  }
  expect(untrusted.requestCount).toBe(0)
  client.close()
  await proxy.stop()
  cutting.close()
  await Promise.all([good.stop(), untrusted.stop()])
})

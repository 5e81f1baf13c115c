import { expect, test } from 'vitest'
import { InProcessPlane } from '../support/in-process-plane.ts'
import { connectRaw } from '../support/raw-client.ts'
import { loadText } from '../unit/config/routing-files.ts'

const CLIENTS = 300
/** Of 300 that were all answered and closed in the turn in which their time was over. */
const MOST_A_TURN = 30

/**
 * Clients that come together with half a head are late together. All of them were answered and closed by the tick of the
 * deadlines that they had passed: with a thousand of them nobody else was served for 0.3 s.
 */
test('clients that are late together are answered over many turns of the event loop, not in one', async () => {
  const proxy = await InProcessPlane.start(
    loadText(`listen: 127.0.0.1:0
limits: { header_wait: 300ms }
upstreams: { v1: { endpoints: "http://127.0.0.1:9" } }
routes: [{ name: r, primary: v1 }]
`),
  )
  const clients = await Promise.all(Array.from({ length: CLIENTS }, () => connectRaw(proxy.port)))
  for (const client of clients) client.send('GET / HTTP/1.1\r\nHost')
  try {
    let [late, most] = [0, 0]
    const deadlineMs = performance.now() + 10_000
    while (late < CLIENTS && performance.now() < deadlineMs) {
      await new Promise(resolve => void setImmediate(resolve))
      const now = proxy.plane.counters.errors().find(({ code }) => code === 'REQUEST_TIMEOUT')?.count ?? 0
      most = Math.max(most, now - late)
      late = now
    }
    expect(late).toBe(CLIENTS)
    expect(most).toBeLessThanOrEqual(MOST_A_TURN)
  } finally {
    for (const client of clients) client.destroy()
    proxy.stop()
  }
})

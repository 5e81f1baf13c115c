/**
 * node:http keeps the head of an answer until its first byte of body. Relayed as it came, the head of a stream reached
 * the client together with the first event: a client that waits for the head (EventSource's `open`, every timeout for
 * headers) saw nothing for as long as the model server thought, and its own deadline could pass.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { connectRaw } from '../support/raw-client.ts'
import { startUnderstudy, type RunningUnderstudy } from '../support/run-understudy.ts'
import { startUpstream, type UpstreamServer } from '../support/upstream-server.ts'
import { within } from '../support/within.ts'

/** Relaying a head takes a millisecond; one that waits for a body that does not come takes for ever. */
const AT_ONCE_MS = 1_000

let upstream: UpstreamServer
let proxy: RunningUnderstudy

beforeAll(async () => {
  upstream = await startUpstream(() => {})
  proxy = await startUnderstudy({ upstreams: { v1: upstream.url }, routes: [{ name: 'r', primary: 'v1' }] })
})
afterAll(async () => {
  await proxy.stop()
  await upstream.stop()
})

test.each([{ 'content-type': 'text/event-stream' }, { 'content-length': '5' }])(
  'C1: a head reaches the client before its first byte of body: %j',
  async headers => {
    const answered = Promise.withResolvers<{ finish(): void }>()
    upstream.handle((_request, respond) => {
      respond.head(200, headers)
      const finish = (): void => {
        respond.write('first')
        respond.end()
      }
      answered.resolve({ finish })
    })
    const client = await connectRaw(proxy.port)
    const head = Promise.withResolvers<number>()
    client.send('GET / HTTP/1.1\r\nhost: r\r\n\r\n')
    const response = client.readResponse({ onHead: head.resolve })
    expect(await within(head.promise, AT_ONCE_MS, 'the head was held back')).toBe(200)
    ;(await answered.promise).finish()
    expect((await response).body.toString()).toBe('first')
    client.destroy()
  },
)

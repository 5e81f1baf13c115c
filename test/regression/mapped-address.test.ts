/**
 * On a listener for both families the kernel says `::ffff:127.0.0.1` of a client that came over IPv4, and so did the proxy:
 * to model servers, in its log, and to the hash of `address` keys. A user's arm was another one on a replica that listens on
 * 0.0.0.0 than on one that listens on [::].
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { bucketOf } from '../../src/dataplane/routing/hash.ts'
import { HAS_IPV6 } from '../support/ipv6.ts'
import { connectRaw } from '../support/raw-client.ts'
import { startUnderstudy, type RunningUnderstudy } from '../support/run-understudy.ts'
import { startUpstream, type UpstreamServer } from '../support/upstream-server.ts'
import { closeOf, openWebSocket, startWsUpstream, type WsUpstream } from '../support/websocket.ts'

const [IPV4, MAPPED] = ['127.0.0.1', '::ffff:127.0.0.1']
const bucket = (address: string): number => bucketOf('canary:r', address)
/** Between the two, so that they would get different arms. */
const PERCENT = (bucket(IPV4) + bucket(MAPPED)) / 2
const ARM = bucket(IPV4) < PERCENT ? 'canary' : 'primary'

let upstream: UpstreamServer
let sockets: WsUpstream
const replicas: RunningUnderstudy[] = []

beforeAll(async () => {
  upstream = await startUpstream((_request, respond) => respond.reply(200))
  sockets = await startWsUpstream()
  for (const listen of ['0.0.0.0:0', '[::]:0']) {
    replicas.push(
      await startUnderstudy({
        listen,
        upstreams: { v1: upstream.url, v2: upstream.url, ws: sockets.url },
        routes: [
          { name: 'ws', match: { path: '/ws' }, primary: 'ws' },
          { name: 'r', primary: 'v1', canary: { upstream: 'v2', percent: PERCENT, sticky: 'address' } },
        ],
        log: { access: 1 },
      }),
    )
  }
})
afterAll(async () => {
  for (const replica of replicas) await replica.stop()
  await upstream.stop()
  await sockets.stop()
})

/** What the arm of a request was, who the model server took its client for, and who the log did. */
async function request(replica: RunningUnderstudy, host: string): Promise<unknown[]> {
  const before = upstream.requests.length
  const client = await connectRaw(replica.port, { host })
  client.send(`GET / HTTP/1.1\r\nHost: h\r\nX-Request-Id: of-${host}\r\n\r\n`)
  const answer = await client.readResponse()
  client.destroy()
  const { address } = await replica.waitForLog(line => line.msg === 'request' && line['requestId'] === `of-${host}`)
  return [answer.header('x-understudy-arm'), upstream.requests[before]?.headerAll('x-forwarded-for'), address]
}

describe.skipIf(!HAS_IPV6)('the address of a client', () => {
  test('that came over IPv4 is the same on a listener for IPv4 and on one for both families', async () => {
    for (const replica of replicas) expect(await request(replica, IPV4)).toEqual([ARM, [IPV4], IPV4])
  })

  test('that came over IPv4 is the same for its WebSockets', async () => {
    for (const replica of replicas) {
      const arrived = sockets.next()
      const client = await openWebSocket(`http://${IPV4}:${replica.port}/ws`)
      expect((await arrived).headers['x-forwarded-for']).toBe(IPV4)
      client.close()
      await closeOf(client)
    }
  })

  test('that came over IPv6 is its own', async () => {
    const [, [seen], logged] = (await request(replicas[1] as RunningUnderstudy, '::1')) as [string, string[], string]
    expect([seen, logged]).toEqual(['::1', '::1'])
  })
})

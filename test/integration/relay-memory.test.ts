import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { InProcessPlane } from '../support/in-process-plane.ts'
import { connectRaw, type RawClient } from '../support/raw-client.ts'
import { startUpstream, type UpstreamServer } from '../support/upstream-server.ts'
import { eventually } from '../support/within.ts'
import { loadText } from '../unit/config/routing-files.ts'

const BODY = Buffer.alloc(700_000, 0x61)
const CLIENTS_OF_A_KIND = 8
/** What becomes of a client and its legs: each kind is one way for memory to be lost. */
const KINDS = [
  'reads',
  'leaves',
  'hardly reads',
  'breaks its upload off',
  'loses its primary',
  'sends and reads',
] as const

let primary: UpstreamServer
let shadow: UpstreamServer
let proxy: InProcessPlane

beforeAll(async () => {
  primary = await startUpstream(async (request, respond) => {
    await request.body
    if (!request.target.startsWith('/broken')) return respond.reply(200, {}, BODY)
    respond.head(200, { 'content-length': `${BODY.length}` })
    respond.write(BODY.subarray(0, BODY.length / 2))
    await sleep(20)
    respond.reset()
  })
  let copies = 0
  shadow = await startUpstream(async (request, respond) => {
    await request.body
    const way = copies++ % 3
    if (way === 0) respond.reply(200, {}, BODY)
    else if (way === 1) respond.reset()
    else respond.hang()
  })
})
afterAll(async () => {
  proxy.stop()
  await Promise.all([primary.stop(), shadow.stop()])
})

async function behave(kind: (typeof KINDS)[number]): Promise<void> {
  const client = await connectRaw(proxy.port)
  const target = kind === 'loses its primary' ? '/broken' : '/'
  if (kind === 'sends and reads' || kind === 'breaks its upload off') {
    client.send(`POST ${target} HTTP/1.1\r\nHost: h\r\nContent-Length: ${BODY.length}\r\n\r\n`)
    client.send(kind === 'sends and reads' ? BODY : BODY.subarray(0, BODY.length / 2))
  } else client.send(`GET ${target} HTTP/1.1\r\nHost: h\r\n\r\n`.repeat(kind === 'hardly reads' ? 12 : 1))
  await end(client, kind)
  client.destroy()
}

async function end(client: RawClient, kind: (typeof KINDS)[number]): Promise<void> {
  switch (kind) {
    case 'reads':
    case 'sends and reads':
      expect((await client.readResponse({ keepBody: false })).bodyBytes).toBe(BODY.length)
      break
    case 'leaves':
      await eventually(() => client.receivedBytes > 0)
      client.reset()
      break
    case 'hardly reads':
      client.pause()
      await sleep(300)
      client.reset()
      break
    case 'breaks its upload off':
      await sleep(50)
      client.reset()
      break
    case 'loses its primary':
      await client.closed
      break
  }
}

test('the memory for large bodies is given back, whatever becomes of client, primary and shadow', async () => {
  proxy = await InProcessPlane.start(
    loadText(`listen: 127.0.0.1:0
upstreams: { v1: "${primary.url}", v2: "${shadow.url}" }
routes: [{ name: r, primary: v1, shadows: [{ upstream: v2, percent: 100, timeout: 500ms }] }]
`),
  )
  let most = 0
  const watch = setInterval(() => (most = Math.max(most, proxy.plane.relayMemory.inUse)), 5)
  await Promise.all(KINDS.flatMap(kind => Array.from({ length: CLIENTS_OF_A_KIND }, () => behave(kind))))
  await eventually(() => proxy.plane.inFlight === 0 && proxy.plane.relayMemory.inUse === 0, 10_000)
  clearInterval(watch)
  expect(most).toBeGreaterThan(KINDS.length)
  expect(proxy.plane.unreadAnswers.bytes).toBe(0)
})

test('the memory of uploads is given back where no connection to the primary opens', async () => {
  const dead = await InProcessPlane.start(
    loadText('listen: 127.0.0.1:0\nupstreams: { v1: "http://127.0.0.1:1" }\nroutes: [{ name: r, primary: v1 }]\n'),
  )
  for (let i = 0; i < 8; i++) {
    const client = await connectRaw(dead.port)
    client.send(`POST / HTTP/1.1\r\nHost: h\r\nContent-Length: ${BODY.length}\r\n\r\n`)
    client.send(BODY.subarray(0, BODY.length / 2))
    expect((await client.readResponse()).status).toBe(502)
    client.destroy()
  }
  await eventually(() => dead.plane.inFlight === 0 && dead.plane.relayMemory.inUse === 0, 5_000)
  dead.stop()
})

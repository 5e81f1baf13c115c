import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { InProcessPlane } from '../support/in-process-plane.ts'
import { connectRaw } from '../support/raw-client.ts'
import { startUpstream, type UpstreamServer } from '../support/upstream-server.ts'
import { loadText } from '../unit/config/routing-files.ts'

const CLIENTS = 24
const REQUESTS = 12

let upstream: UpstreamServer
let shadow: UpstreamServer
let proxy: InProcessPlane
/** Request bodies that a copy was sent with, by request. */
let copies: Map<string, string>

beforeEach(async () => {
  copies = new Map()
  upstream = await startUpstream(
    async (request, respond) => {
      const body = await request.body
      // Some are answered late, so that the bytes behind them wait.
      if (request.target.endsWith('3')) await sleep(5)
      respond.reply(200, { 'x-target': request.target }, body.data ?? '')
    },
    { keepRequests: false },
  )
  shadow = await startUpstream(
    async (request, respond) => {
      const body = await request.body
      if (body.data !== null) copies.set(request.target, body.data.toString('latin1'))
      respond.reply(200)
    },
    { keepRequests: false },
  )
  proxy = await InProcessPlane.start(
    loadText(`listen: 127.0.0.1:0
upstreams: { v1: "${upstream.url}", v2: "${shadow.url}" }
routes: [{ name: r, primary: v1, shadows: [{ upstream: v2, percent: 100 }] }]
`),
  )
})
afterEach(async () => {
  proxy.stop()
  await Promise.all([upstream.stop(), shadow.stop()])
})

const BODY_BYTES = [0, 1, 20, 900, 5_000, 40_000, 70_000, 200_000]
/** The client is in every few bytes of it. */
const bodyOf = (client: number, request: number): string => {
  const word = `${client}.${request} `
  const bytes = BODY_BYTES[(client * 7 + request * 3) % BODY_BYTES.length] as number
  return word.repeat(Math.ceil(bytes / word.length)).slice(0, bytes)
}
const targetOf = (client: number, request: number): string => `/${client}/${request}`

function requestOf(client: number, request: number): string {
  const body = bodyOf(client, request)
  const head = `POST ${targetOf(client, request)} HTTP/1.1\r\nHost: h\r\n`
  if (request % 2 === 0) return `${head}Content-Length: ${body.length}\r\n\r\n${body}`
  const half = Math.floor(body.length / 2)
  const chunks = [body.slice(0, half), body.slice(half)].filter(each => each !== '')
  const sent = chunks.map(each => `${each.length.toString(16)}\r\n${each}\r\n`).join('')
  return `${head}Transfer-Encoding: chunked\r\n\r\n${sent}0\r\n\r\n`
}

/** Sends all requests of a client, ahead of their answers, in pieces that end anywhere, and reads the answers. */
async function run(client: number): Promise<void> {
  const connection = await connectRaw(proxy.port)
  const bytes = Array.from({ length: REQUESTS }, (_, request) => requestOf(client, request)).join('')
  const send = async (): Promise<void> => {
    for (let at = 0, piece = 1; at < bytes.length; at += piece) {
      piece = 1 + ((at * 7919 + client * 104_729) % 30_000)
      connection.send(bytes.slice(at, at + piece))
      await new Promise(setImmediate)
    }
  }
  const receive = async (): Promise<void> => {
    for (let request = 0; request < REQUESTS; request++) {
      const answer = await connection.readResponse({ timeoutMs: 20_000 })
      expect([answer.status, answer.header('x-target')]).toEqual([200, targetOf(client, request)])
      expect(answer.body.toString('latin1') === bodyOf(client, request)).toBe(true)
    }
  }
  await Promise.all([send(), receive()])
  connection.destroy()
}

test('clients that send at the same time, in any pieces, get their own bodies back, and so do the copies', async () => {
  await Promise.all(Array.from({ length: CLIENTS }, (_, client) => run(client)))
  expect(upstream.requestCount).toBe(CLIENTS * REQUESTS)
  // Copies may be given up where there is much to do; those that were sent are whole.
  expect(copies.size).toBeGreaterThan(0)
  for (const [target, body] of copies) {
    const [client = 0, request = 0] = target.split('/').slice(1).map(Number)
    expect(body === bodyOf(client, request)).toBe(true)
  }
}, 60_000)

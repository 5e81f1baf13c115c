/**
 * Node's writeEarlyHints() throws on a Link value it cannot parse, and it cannot parse a list in one field, which is
 * legal. The throw came out of the client library's callback, which took it for a failed answer: a model server that
 * sent such a 103 got its clients a 500 instead of the answer behind the hint. Hints are now written as they come.
 */
import { once } from 'node:events'
import { createServer, type AddressInfo, type Server } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { H1Downstream } from '../../src/dataplane/http/h1-downstream.ts'
import { TurnQueue } from '../../src/dataplane/turn-queue.ts'
import { UnreadAnswers } from '../../src/dataplane/http/unread-answers.ts'
import { parseRequestHead } from '../../src/dataplane/http/h1/received-head.ts'
import { connectRaw } from '../support/raw-client.ts'
import type { RawResponse } from '../support/raw-response.ts'

let server: Server

afterEach(() => void server.close())

const CONNECTION = {
  address: '::1',
  secure: false,
  keepAlive: '',
  unreadAnswers: new UnreadAnswers(),
  pauseReading() {},
  resumeReading() {},
  cutUnread() {},
  turnQueue: new TurnQueue(),
}
const HEAD = parseRequestHead('GET / HTTP/1.1\r\nhost: h\r\nconnection: close')

/** What a client gets when this 103, and a 200 behind it, are relayed. */
async function relay(status: number, links: readonly string[]): Promise<RawResponse> {
  server = createServer(socket => {
    const client = new H1Downstream({ ...CONNECTION, socket, onAnswerEnded: () => socket.end() }, HEAD)
    client.informational(
      status,
      links.flatMap(link => ['Link', link]),
    )
    client.writeHead(200, 'OK', ['content-length', '2'], 2)
    client.write(Buffer.from('ok'))
    client.end([])
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const connection = await connectRaw((server.address() as AddressInfo).port)
  return await connection.readResponse()
}

test.each([
  ['a list', ['</a>; rel=preload, </b>; rel=preload']],
  ['two relations', ['</a>; rel="preload stylesheet"']],
  ['what is no link', ['not a link']],
  ['nothing', ['']],
  ['two fields', ['</a>; rel=preload', '</b>; rel=preconnect']],
])('a hint with %s goes on to the client as it is, and so does the answer behind it', async (_, links) => {
  const answer = await relay(103, links)
  expect(answer.informational).toEqual([{ status: 103, headers: links.map(link => ['Link', link]) }])
  expect([answer.status, answer.body.toString(), answer.ended]).toEqual([200, 'ok', 'complete'])
})

test('a hint with bytes that no header may have is left out, and the answer behind it arrives whole', async () => {
  const answer = await relay(103, ['</a>\u0000'])
  expect(answer.informational).toEqual([])
  expect([answer.status, answer.body.toString(), answer.ended]).toEqual([200, 'ok', 'complete'])
})

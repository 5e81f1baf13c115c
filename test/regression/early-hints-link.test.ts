/**
 * Node's writeEarlyHints() throws on a Link value it cannot parse, and it cannot parse a list in one field, which is
 * legal. The throw came out of the client library's callback, which took it for a failed answer: a model server that
 * sent such a 103 got its clients a 500 instead of the answer behind the hint.
 */
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { H1Downstream } from '../../src/dataplane/http/h1-downstream.ts'
import { connectRaw } from '../support/raw-client.ts'
import type { RawResponse } from '../support/raw-response.ts'

let server: Server

afterEach(() => void server.close())

/** What a client gets when this 103, and a 200 behind it, are relayed. */
async function relay(status: number, link: string | string[]): Promise<RawResponse> {
  server = createServer((request, response) => {
    const client = new H1Downstream(request, response)
    client.informational(status, { link })
    client.writeHead(200, 'OK', ['content-length', '2'])
    client.write(Buffer.from('ok'))
    client.end([])
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const connection = await connectRaw((server.address() as AddressInfo).port)
  connection.send('GET / HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n')
  return await connection.readResponse()
}

test.each(['</a>; rel=preload, </b>; rel=preload', '</a>; rel="preload stylesheet"', 'not a link', ''])(
  'the answer behind a hint that Node refuses arrives whole: %s',
  async link => {
    const answer = await relay(103, link)
    expect([answer.status, answer.body.toString(), answer.ended]).toEqual([200, 'ok', 'complete'])
  },
)

test.each([['</a>; rel=preload'], [['</a>; rel=preload', '</b>; rel=preconnect']]])(
  'a hint that Node can write goes on to the client: %j',
  async link => {
    const answer = await relay(103, link)
    expect(answer.informational.map(each => each.status)).toEqual([103])
    const links = answer.informational[0]?.headers.filter(([name]) => name.toLowerCase() === 'link') ?? []
    expect(links.map(([, value]) => value).join(', ')).toBe([link].flat().join(', '))
    expect(answer.body.toString()).toBe('ok')
  },
)

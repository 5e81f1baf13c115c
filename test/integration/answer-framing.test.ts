import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { connectRaw } from '../support/raw-client.ts'
import type { RawResponse } from '../support/raw-response.ts'
import { startUnderstudy, type RunningUnderstudy } from '../support/run-understudy.ts'
import { startUpstream, type UpstreamServer } from '../support/upstream-server.ts'

let primary: UpstreamServer
let proxy: RunningUnderstudy
/** The bytes of the next answer to a target other than /fine. */
let answer = ''

beforeAll(async () => {
  primary = await startUpstream((request, respond) => {
    if (request.target === '/fine') return respond.reply(200, {}, 'fine')
    respond.raw(answer)
    respond.end()
  })
  proxy = await startUnderstudy({
    // One connection: whatever can be used again is.
    upstreams: { live: { endpoints: primary.url, connections: 1, outlier: { errors: 1000 } } },
    routes: [{ name: 'r', match: {}, primary: 'live' }],
  })
})

afterAll(async () => {
  await proxy.stop()
  await primary.stop()
})

const ok = (headers: string, body = ''): string => `HTTP/1.1 200 OK\r\n${headers}\r\n\r\n${body}`
const CHUNKS = '3\r\nabc\r\n0\r\n\r\n'

/** POST, which is never repeated, unless the method matters. */
async function ask(bytes: string, method = 'POST'): Promise<RawResponse> {
  answer = bytes
  const client = await connectRaw(proxy.port)
  client.send(`${method} /x HTTP/1.1\r\nHost: h\r\n\r\n`)
  const first = await client.readResponse({ method })
  if (first.ended === 'complete') {
    // Where the first answer ended is clear: the second is whole behind it.
    client.send('GET /fine HTTP/1.1\r\nHost: h\r\n\r\n')
    expect((await client.readResponse()).body.toString()).toBe('fine')
  }
  client.destroy()
  return first
}

describe('A9: an answer whose framing can be read in two ways is a 502, and its connection is not used again', () => {
  test.each([
    ['equal lengths', ok('Content-Length: 3\r\nContent-Length: 3', 'abc')],
    ['different lengths', ok('Content-Length: 3\r\nContent-Length: 4', 'abc')],
    ['a length and chunks', ok('Content-Length: 3\r\nTransfer-Encoding: chunked', CHUNKS)],
    ['chunks and a length', ok('Transfer-Encoding: chunked\r\nContent-Length: 3', CHUNKS)],
    ...['3, 3', '+3', '0x3', '-1', '3 3', '', '3.0', '99999999999999999999'].map(length => [
      `the length "${length}"`,
      ok(`Content-Length: ${length}`, 'abc'),
    ]),
    ...['gzip, chunked', 'chunked, gzip', 'gzip', 'identity', 'xchunked', 'chunked, chunked'].map(coding => [
      `the coding "${coding}"`,
      ok(`Transfer-Encoding: ${coding}`, CHUNKS),
    ]),
    ['two codings', ok('Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked', CHUNKS)],
    ['a bare LF', ok('Content-Length: 3\nX: y', 'abc')],
    ['a folded line', ok('X: a\r\n b\r\nContent-Length: 3', 'abc')],
    ['a control character', ok('X: a\x01b\r\nContent-Length: 3', 'abc')],
    ['a space before the colon', ok('Content-Length : 3', 'abc')],
    ['a head of 70 kB', ok(`X: ${'a'.repeat(70_000)}\r\nContent-Length: 3`, 'abc')],
    ['a status of two digits', 'HTTP/1.1 20 OK\r\nContent-Length: 0\r\n\r\n'],
    ['the status 099', 'HTTP/1.1 099 Odd\r\nContent-Length: 0\r\n\r\n'],
    ['a 101 that nobody asked for', 'HTTP/1.1 101 Switching Protocols\r\n\r\n'],
    ['an upgrade that nobody asked for', 'HTTP/1.1 101 Sw\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n'],
    // The proxy never asks to be told to continue, and its HTTP client takes a 100 for an error.
    ['a 100 that nobody asked for', `HTTP/1.1 100 Continue\r\n\r\n${ok('Content-Length: 3', 'abc')}`],
    ['another protocol', 'SSH-2.0-OpenSSH_9.9\r\n'],
  ])('%s', async (_, bytes) => {
    const { status, body } = await ask(bytes)
    expect([status, JSON.parse(body.toString()).code]).toEqual([502, 'UPSTREAM_PROTOCOL'])
    const asked = primary.requests.filter(each => each.target === '/x').at(-1)
    const next = primary.requests.at(-1)
    expect(next?.target).toBe('/fine')
    expect(next?.connectionId).not.toBe(asked?.connectionId)
  })

  test('bytes behind a whole answer are no answer to anybody', async () => {
    for (const extra of ['xyz', ok('Content-Length: 6', 'poison')]) {
      const got = await ask(ok('Content-Length: 3', `abc${extra}`))
      expect([got.status, got.body.toString()]).toEqual([200, 'abc'])
    }
  })

  test('chunks that turn out to be none break the answer off: it never looks whole', async () => {
    const got = await ask(ok('Transfer-Encoding: chunked', '3\r\nabc\r\n0x3\r\nabc\r\n0\r\n\r\n'))
    expect(got.ended).not.toBe('complete')
  })
})

describe('an answer that is odd but clear is relayed', () => {
  test.each([
    ['chunked in capitals', ok('Transfer-Encoding: CHUNKED', CHUNKS), 'abc'],
    ['bytes above ASCII in a value', ok('X-Latin: caf\xe9\r\nContent-Length: 3', 'abc'), 'abc'],
    ['HTTP/1.0', 'HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nabc', 'abc'],
  ])('%s', async (_, bytes, body) => {
    const got = await ask(bytes)
    expect([got.status, got.body.toString()]).toEqual([200, body])
  })

  test.each([
    ['HTTP/1.1 200 All Good', 'All Good'],
    ['HTTP/1.1 200', ''],
    // A phrase that not every reader can read is replaced by the standard one.
    ['HTTP/1.1 200 \xe6\x97\xa5', 'OK'],
    ['HTTP/1.1 200 a\x01b', 'OK'],
    ['HTTP/1.1 799 \xe9', ''],
  ])('the status line %j', async (line, reason) => {
    const got = await ask(`${line}\r\nContent-Length: 0\r\n\r\n`)
    expect([got.status, got.reason]).toEqual([Number(line.slice(9, 12)), reason])
  })
})

describe('A13: answers without a body', () => {
  test.each(['Content-Length: 30', 'Transfer-Encoding: chunked', 'X-No: framing'])(
    'HEAD with "%s" has its headers and no byte more',
    async framing => {
      const got = await ask(ok(`Connection: keep-alive\r\n${framing}`), 'HEAD')
      expect([got.status, got.bodyBytes, got.ended]).toEqual([200, 0, 'complete'])
      expect(got.header('content-length')).toBe(framing.startsWith('C') ? '30' : undefined)
    },
  )

  test('a 1xx to HEAD does not end it', async () => {
    const got = await ask(`HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n${ok('Content-Length: 30')}`, 'HEAD')
    expect([got.informational.length, got.status, got.header('content-length')]).toEqual([1, 200, '30'])
  })

  test.each([
    ['204', 'HTTP/1.1 204 No Content\r\n\r\n', undefined],
    ['204 with a length, which it may not have', 'HTTP/1.1 204 No\r\nContent-Length: 0\r\n\r\n', undefined],
    ['204 with a body, which it cannot have', 'HTTP/1.1 204 No\r\nContent-Length: 3\r\n\r\nabc', undefined],
    ['304 with the length of what it stands for', 'HTTP/1.1 304 Not\r\nContent-Length: 30\r\n\r\n', '30'],
  ])('%s does not hang', async (_, bytes, length) => {
    const got = await ask(bytes)
    expect([got.bodyBytes, got.ended, got.header('content-length')]).toEqual([0, 'complete', length])
  })
})

import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { describe, expect, test } from 'vitest'
import { legErrorCode } from '../../../../src/dataplane/upstream/leg-error.ts'
import { failureOf } from '../../../support/call-upstream.ts'
import type { Respond } from '../../../support/upstream-respond.ts'
import { startUpstream } from '../../../support/upstream-server.ts'

/** What becomes of a call that is answered like this: real sockets, the real client, its real errors. */
async function codeFor(answer: (respond: Respond) => void): Promise<string> {
  const server = await startUpstream((_request, respond) => answer(respond))
  try {
    const error = await failureOf(server.url)
    return error === null ? 'no error' : legErrorCode(error)
  } finally {
    await server.stop()
  }
}

const HEAD = 'HTTP/1.1 200 OK\r\n'

describe('a model server that cannot be reached', () => {
  test.each(['127.0.0.1', 'localhost'])('because nobody listens on %s', async host => {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    server.close()
    await once(server, 'close')
    expect(legErrorCode(await failureOf(`http://${host}:${port}`))).toBe('UPSTREAM_CONNECT')
  })
})

describe('a model server that closes the connection', () => {
  test.each<[string, (respond: Respond) => void]>([
    ['with a FIN before any byte', respond => respond.close()],
    ['with an RST before any byte', respond => respond.reset()],
    [
      'within the head',
      respond => {
        respond.raw(`${HEAD}content-`)
        respond.close()
      },
    ],
    [
      'with a FIN before the announced length',
      respond => {
        respond.raw(`${HEAD}content-length: 10\r\n\r\nabc`)
        respond.close()
      },
    ],
    [
      'with a FIN before the last chunk',
      respond => {
        respond.raw(`${HEAD}transfer-encoding: chunked\r\n\r\n3\r\nabc\r\n`)
        respond.close()
      },
    ],
    [
      'with an RST within the body',
      respond => {
        respond.raw(`${HEAD}content-length: 10\r\n\r\nabc`)
        setTimeout(() => respond.reset(), 20)
      },
    ],
  ])('%s', async (_, answer) => {
    expect(await codeFor(answer)).toBe('UPSTREAM_RESET')
  })
})

describe('a model server that breaks the protocol', () => {
  test.each([
    ['not HTTP at all', 'SSH-2.0-OpenSSH\r\n'],
    ['an unknown version', 'HTTP/9.9 200 OK\r\n\r\n'],
    ['a status that is no number', 'HTTP/1.1 20x OK\r\n\r\n'],
    ['a space in a header name', `${HEAD}bad name: x\r\n\r\n`],
    ['bare line feeds', 'HTTP/1.1 200 OK\ncontent-length: 0\n\n'],
    ['a negative length', `${HEAD}content-length: -3\r\n\r\nabc`],
    ['two lengths', `${HEAD}content-length: 3\r\ncontent-length: 4\r\n\r\nabcd`],
    ['a list of lengths', `${HEAD}content-length: 3, 3\r\n\r\nabc`],
    ['length and chunks', `${HEAD}content-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`],
    ['a chunk size that is no number', `${HEAD}transfer-encoding: chunked\r\n\r\nxyz\r\n`],
    ['a head over 64 KiB', `${HEAD}x: ${'a'.repeat(70_000)}\r\n\r\n`],
    [
      'an upgrade that nobody asked for',
      'HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n',
    ],
    ['a 100 that nobody waits for', 'HTTP/1.1 100 Continue\r\n\r\n'],
  ])('%s', async (_, bytes) => {
    expect(await codeFor(respond => void respond.raw(bytes))).toBe('UPSTREAM_PROTOCOL')
  })
})

describe('an answer that is whole', () => {
  test('is no error, also when only the end of the connection ends it', async () => {
    expect(await codeFor(respond => respond.reply(503, {}, 'busy'))).toBe('no error')
    const code = await codeFor(respond => {
      respond.raw(`${HEAD}connection: close\r\n\r\nabc`)
      respond.close()
    })
    expect(code).toBe('no error')
  })
})

describe('whatever else is thrown', () => {
  test.each([[null], [undefined], ['text'], [42], [{ code: 'ECONNREFUSED' }], [new Error('x')], [new TypeError('y')]])(
    '%j is our own failure',
    thrown => {
      expect(legErrorCode(thrown)).toBe('INTERNAL')
    },
  )

  test('an error whose code is no text too', () => {
    expect(legErrorCode(Object.assign(new Error('x'), { code: 7 }))).toBe('INTERNAL')
  })
})

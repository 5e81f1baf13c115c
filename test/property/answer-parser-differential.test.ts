import { once } from 'node:events'
import { request } from 'node:http'
import { createServer, type AddressInfo, type Server } from 'node:net'
import * as fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { brokenAnswer, madeAnswer } from '../support/answer-arbitrary.ts'
import { readAnswer } from '../support/answer-log.ts'
import { within } from '../support/within.ts'

let server: Server
let port = 0
let bytes = ''

beforeAll(async () => {
  server = createServer(socket => {
    socket.on('error', () => {})
    socket.once('data', () => socket.end(Buffer.from(bytes, 'latin1')))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  port = (server.address() as AddressInfo).port
})

afterAll(async () => {
  server.close()
  await once(server, 'close')
})

/** What node:http makes of an answer: `status body`, or null where it refuses it. */
async function asNodeReads(answer: string, method: string): Promise<string | null> {
  bytes = answer
  const { promise, resolve } = Promise.withResolvers<string | null>()
  const asked = request({ port, host: '127.0.0.1', method, agent: false, insecureHTTPParser: false })
  asked.on('error', () => resolve(null))
  asked.on('close', () => resolve(null))
  asked.on('upgrade', (_response, socket) => {
    socket.destroy()
    resolve(null)
  })
  asked.on('response', response => {
    let body = ''
    response.on('data', (piece: Buffer) => (body += piece.toString('latin1')))
    response.on('error', () => resolve(null))
    response.on('end', () => resolve(response.complete ? `${response.statusCode} ${body}` : null))
  })
  asked.end()
  try {
    return await within(promise, 5_000, 'node did not come to an end')
  } finally {
    asked.destroy()
  }
}

function asWeRead(answer: string, method: string): string | null {
  const { ends, head, body } = readAnswer(answer, { method, closed: true })
  return ends === 0 ? null : `${head?.status} ${body}`
}

const TOKEN = "[!#$%&'*+\\-.^_`|~0-9A-Za-z]+"
const EXTENSION = `;${TOKEN}(?:=(?:${TOKEN}|"[^"\\\\\\r\\n]*"))?`
const OK = 'HTTP/1.1 200 OK\r\n'
const CHUNKED = `${OK}transfer-encoding: chunked\r\n\r\n`

/**
 * What we take and node:http refuses. Each reads the same way everywhere, so that nothing can be smuggled by it: extensions
 * are dropped, whatever they are; blanks behind a chunk's size belong to it (RFC 9112 §7.1.1, "bad whitespace"); bytes behind
 * an answer close the connection; that an interim answer says `close`, or is of HTTP/1.0, is held against the answer by
 * node:http alone.
 */
const LENIENT: readonly (readonly [name: string, found: RegExp, example: string])[] = [
  [
    'extensions that are none',
    new RegExp(`^[0-9a-f]{1,13}[ \\t]*;(?<!^[0-9a-f]+(?=(?:${EXTENSION})+\\r\\n);)`, 'im'),
    `${CHUNKED}1;;"\r\na\r\n0\r\n\r\n`,
  ],
  ['blanks behind a size', /^[0-9a-f]{1,13}[ \t]+(?:;|\r\n)/im, `${CHUNKED}1 \t\r\na\r\n0\t\r\n\r\n`],
  ['bytes behind the answer', /$/, `${OK}content-length: 1\r\n\r\nab`],
  [
    'an interim answer that says close',
    /^HTTP\/1\.(?:0 1|1 1\d\d [^]*\r\nconnection:[^\r\n]*close)/im,
    `HTTP/1.1 103 \r\nconnection: close\r\n\r\n${OK}content-length: 0\r\n\r\n`,
  ],
]

/** llhttp 9 trims no tab behind the coding, and reads until the connection closes; RFC 9112 §5 has it trimmed. */
const TAB_BEHIND_CODING = /\r\ntransfer-encoding:[ \t]*chunked *\t/i

const excused = (answer: string, method: string): boolean =>
  TAB_BEHIND_CODING.test(answer) ||
  / \+\d+$/.test(readAnswer(answer, { method }).heard.at(-1) ?? '') ||
  LENIENT.some(([name, found]) => name !== 'bytes behind the answer' && found.test(answer))

describe('where we find a whole answer', () => {
  test('in a valid one, node:http finds the same', async () => {
    let same = 0
    const property = fc.asyncProperty(madeAnswer, async ({ method, bytes: answer, status, body }) => {
      const expected = `${status} ${body}`
      expect(asWeRead(answer, method)).toBe(expected)
      const theirs = await asNodeReads(answer, method)
      if (!excused(answer, method)) expect(theirs).toBe(expected)
      if (theirs === expected) same++
    })
    await fc.assert(property, { numRuns: 600 })
    expect(same).toBeGreaterThan(300)
  })

  test('in a broken one, node:http finds the same, or nothing where we are known to be lenient', async () => {
    let compared = 0
    const property = fc.asyncProperty(brokenAnswer, async ({ method, bytes: answer }) => {
      const ours = asWeRead(answer, method)
      if (ours === null) return
      const theirs = await asNodeReads(answer, method)
      if (theirs === null ? excused(answer, method) : TAB_BEHIND_CODING.test(answer)) return
      expect(theirs).toBe(ours)
      compared++
    })
    await fc.assert(property, { numRuns: 3_000 })
    expect(compared).toBeGreaterThan(300)
  })

  test.each(LENIENT)('but are lenient: %s', async (_, found, example) => {
    expect(found.test(example)).toBe(true)
    expect(asWeRead(example, 'GET')).not.toBeNull()
    expect(await asNodeReads(example, 'GET')).toBeNull()
  })

  test('and node:http has another body where a tab stands behind the coding', async () => {
    const example = `${OK}transfer-encoding: chunked\t\r\n\r\n1\r\na\r\n0\r\n\r\n`
    expect(example).toMatch(TAB_BEHIND_CODING)
    expect([asWeRead(example, 'GET'), await asNodeReads(example, 'GET')]).toEqual(['200 a', '200 1\r\na\r\n0\r\n\r\n'])
  })
})

import { once } from 'node:events'
import { Duplex, PassThrough } from 'node:stream'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { LINGER_MS } from '../../../../src/dataplane/http/linger.ts'
import { answerRaw, problemAnswer } from '../../../../src/dataplane/http/problem.ts'
import { ERRORS, ERROR_CODES } from '../../../../src/errors.ts'

function headersOf(answer: { readonly headers: readonly string[] }): Record<string, string> {
  const pairs: [string, string][] = []
  for (let i = 0; i < answer.headers.length; i += 2) {
    pairs.push([answer.headers[i] as string, answer.headers[i + 1] as string])
  }
  return Object.fromEntries(pairs)
}

describe('a problem answer', () => {
  test.each(ERROR_CODES)('%s has the status and title of the table, and says its code', code => {
    const answer = problemAnswer(code, 'what happened', 'id-1')
    expect([answer.status, answer.title]).toEqual([ERRORS[code].status, ERRORS[code].title])
    expect(JSON.parse(answer.body.toString())).toEqual({
      type: `urn:understudy:error:${code.toLowerCase().replaceAll('_', '-')}`,
      title: ERRORS[code].title,
      status: ERRORS[code].status,
      detail: 'what happened',
      code,
      requestId: 'id-1',
    })
  })

  test('is problem+json of the length it says, in bytes', () => {
    const answer = problemAnswer('NO_ROUTE', 'no route matches GET /küche', 'id-1')
    expect(headersOf(answer)).toEqual({
      'content-type': 'application/problem+json',
      'content-length': String(answer.body.length),
      'x-request-id': 'id-1',
    })
    expect(answer.body.length).toBeGreaterThan(answer.body.toString().length)
  })

  test('cannot be broken by what a client wrote', () => {
    const detail = 'target "</script>\r\n\u0000" is not a path'
    expect((JSON.parse(problemAnswer('BAD_REQUEST', detail, null).body.toString()) as { detail: string }).detail).toBe(
      detail,
    )
  })

  test('leaves the request id out where there is none', () => {
    const answer = problemAnswer('BAD_REQUEST', 'x', null)
    expect(headersOf(answer)).not.toHaveProperty('x-request-id')
    expect(JSON.parse(answer.body.toString())).not.toHaveProperty('requestId')
  })

  test('says when to come back, only where the client should', () => {
    const withRetry = ERROR_CODES.filter(code => 'retry-after' in headersOf(problemAnswer(code, 'x', null)))
    expect(withRetry).toEqual(['OVERLOADED', 'DRAINING'])
  })
})

describe('a problem answer on a bare socket', () => {
  test('is a whole answer that closes the connection', async () => {
    const socket = new PassThrough()
    const closed = once(socket, 'close')
    const chunks: Buffer[] = []
    socket.on('data', (chunk: Buffer) => chunks.push(chunk))
    answerRaw(socket, 'HEADERS_TOO_LARGE', 'over the limit')
    await closed
    const [head = '', body = ''] = Buffer.concat(chunks).toString().split('\r\n\r\n')
    expect(head).toBe(
      `HTTP/1.1 431 The request headers are over the limit\r\nconnection: close\r\n` +
        `content-type: application/problem+json\r\ncontent-length: ${body.length}`,
    )
    expect(JSON.parse(body)).toMatchObject({ code: 'HEADERS_TOO_LARGE', detail: 'over the limit' })
  })

  test('destroys a socket that cannot be written to any more', () => {
    const socket = new PassThrough()
    socket.end()
    answerRaw(socket, 'BAD_REQUEST', 'x')
    expect(socket.destroyed).toBe(true)
  })
  test.each(['REQUEST_TIMEOUT', 'BAD_REQUEST'] as const)('is waited for 5 s where nobody takes it (%s)', code => {
    vi.useFakeTimers()
    onTestFinished(() => void vi.useRealTimers())
    const stuck = new Duplex({ read: () => {}, write: () => {} })
    answerRaw(stuck, code, 'x')
    vi.advanceTimersByTime(LINGER_MS - 1)
    expect(stuck.destroyed).toBe(false)
    vi.advanceTimersByTime(1)
    expect(stuck.destroyed).toBe(true)
  })
})

import { describe, expect, test } from 'vitest'
import { parseAnswerHead, type AnswerHead } from '../../../../src/dataplane/upstream/h1/answer-head.ts'
import { answerHeaders, answerHeadersOf, endToEnd } from '../../../../src/dataplane/http/answer-headers.ts'

function headOf(fields: readonly string[], connection = ''): AnswerHead {
  return { ...parseAnswerHead('HTTP/1.1 200 OK'), fields, connection }
}

function answer(fields: readonly string[], connection = '', keepTrailer = false): string[] {
  return answerHeaders(headOf(fields, connection), 'id-1', 'primary', keepTrailer)
}

const OWN = ['x-request-id', 'id-1', 'x-understudy-arm', 'primary']

describe('the headers of an answer', () => {
  test('keep their order, case, number and bytes', () => {
    const headers = [
      'Set-Cookie',
      'a=1',
      'X-b',
      '1',
      'set-cookie',
      'b=2',
      'Content-Length',
      '3',
      'X-Latin',
      'caf\u00e9',
    ]
    expect(answer(headers)).toEqual([...headers, ...OWN])
  })

  test('say which arm answered', () => {
    expect(answerHeadersOf([], undefined, 'id-1', 'canary')).toEqual([
      'x-request-id',
      'id-1',
      'x-understudy-arm',
      'canary',
    ])
  })

  test.each([
    'Connection',
    'Keep-Alive',
    'Proxy-Connection',
    'Proxy-Authenticate',
    'TE',
    'Trailer',
    'Transfer-Encoding',
    'Upgrade',
  ])('do not include %s, which belongs to one connection', name => {
    expect(answer(['Server', 'x', name, 'value'])).toEqual(['Server', 'x', ...OWN])
  })

  test('do not include what Connection names, unless it is end-to-end', () => {
    const headers = ['X-Hop', '1', 'Content-Type', 'a/b', 'Connection', 'x-hop, content-type']
    expect(answer(headers, 'x-hop, content-type')).toEqual(['Content-Type', 'a/b', ...OWN])
  })

  test("do not include the upstream's idea of the proxy's own fields", () => {
    const headers = ['X-Request-Id', 'theirs', 'X-Understudy-Arm', 'canary', 'x-understudy-x', '1', 'Server', 'x']
    expect(answer(headers)).toEqual(['Server', 'x', ...OWN])
  })

  test('announce trailers when the answer can carry them, also in a field that Connection names', () => {
    expect(answer(['Trailer', 'grpc-status'], 'trailer', true)).toEqual(['Trailer', 'grpc-status', ...OWN])
  })
})

describe('a head that comes again', () => {
  test('is the same for every client but for what is its own', () => {
    const head = headOf(['Server', 'x', 'Connection', 'close'])
    expect(answerHeaders(head, 'id-1', 'primary', false)).toEqual(['Server', 'x', ...OWN])
    const again = answerHeaders(head, 'id-2', 'canary', false)
    expect(again).toEqual(['Server', 'x', 'x-request-id', 'id-2', 'x-understudy-arm', 'canary'])
    again.push('connection', 'close')
    expect(answerHeaders(head, 'id-1', 'primary', false)).toEqual(['Server', 'x', ...OWN])
  })
})

describe('the trailers of an answer', () => {
  test('are passed on in order', () => {
    expect(endToEnd(['X-Sum', 'caf\u00e9', 'x-b', ''])).toEqual(['X-Sum', 'caf\u00e9', 'x-b', ''])
  })

  test('cannot smuggle in framing', () => {
    expect(endToEnd(['Transfer-Encoding', 'chunked', 'X-Sum', '1', 'Connection', 'close'])).toEqual(['X-Sum', '1'])
  })
})

import { describe, expect, test } from 'vitest'
import { endToEndHeaders } from '../../../../src/dataplane/http/request-headers.ts'
import { FakeDownstream } from '../../../support/fake-downstream.ts'

const OWN = [
  'x-request-id',
  'id-1',
  'x-forwarded-for',
  '192.0.2.7',
  'x-forwarded-proto',
  'http',
  'x-forwarded-host',
  'models.example',
]

function shared(...rawHeaders: string[]): string[] {
  return endToEndHeaders(new FakeDownstream(rawHeaders), 'models.example', 'id-1')
}

/** The client's part: what stands before the proxy's own. */
function passed(...rawHeaders: string[]): string[] {
  const all = shared(...rawHeaders)
  expect(all.slice(-OWN.length)).toEqual(OWN)
  return all.slice(0, -OWN.length)
}

describe('what passes', () => {
  test('keeps its order, case and number', () => {
    const headers = ['X-b', '1', 'Accept', 'a', 'x-B', '2', 'ACCEPT', 'b', 'Cookie', 'c=1', 'X-Empty', '']
    expect(passed(...headers)).toEqual(headers)
  })

  test('keeps its bytes: a content type is not parsed and written anew', () => {
    const headers = ['Content-Type', 'application/json ;charset = "utf-8"', 'X-Latin', 'caf\u00e9']
    expect(passed(...headers)).toEqual(headers)
  })

  test('includes credentials, conditions, trace and idempotency', () => {
    const trace = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
    const headers = ['Authorization', 'Bearer x', 'If-None-Match', '"1"', 'traceparent', trace, 'Idempotency-Key', 'k']
    expect(passed(...headers)).toEqual(headers)
  })
})

describe('what does not pass', () => {
  test.each([
    'Connection',
    'Keep-Alive',
    'Proxy-Connection',
    'Proxy-Authenticate',
    'Proxy-Authorization',
    'Upgrade',
    'HTTP2-Settings',
    'Transfer-Encoding',
    'Trailer',
  ])('%s belongs to one connection', name => {
    expect(passed('Accept', 'a', name, 'value')).toEqual(['Accept', 'a'])
  })

  test('fields that Connection names, in any line and case', () => {
    const connection = ['Connection', 'close, X-Secret', 'X-Secret', '1', 'x-other', '2', 'connection', 'X-OTHER']
    expect(passed(...connection, 'Accept', 'a')).toEqual(['Accept', 'a'])
  })

  test.each([
    ['Host', 'a', 'it is set for each upstream'],
    ['Content-Length', '3', 'whoever sends the body knows it'],
    ['Expect', '100-continue', 'the proxy has answered it'],
    ['X-Request-Id', 'spoofed', 'it is set'],
    ['X-Forwarded-For', '10.0.0.1', 'it is replaced'],
    ['X-Forwarded-Proto', 'https', 'it is replaced'],
    ['x-forwarded-HOST', 'evil.example', 'it is replaced'],
    ['Forwarded', 'for=10.0.0.1', 'it would contradict the others'],
    ['X-Understudy-Role', 'shadow', 'it is internal'],
    ['x-understudy-arm', 'canary', 'it is internal'],
    ['X-UNDERSTUDY-anything', '1', 'it is internal'],
  ])('%s: %s (%s)', (name, value) => {
    expect(passed(name, value, 'Accept', 'a', name, value)).toEqual(['Accept', 'a'])
  })
})

describe('TE', () => {
  test.each(['trailers', 'gzip, trailers', 'Trailers', 'deflate,trailers ,gzip'])('%s asks for trailers', te => {
    expect(passed('Connection', 'TE', 'Te', te)).toEqual(['Te', 'trailers'])
  })

  test.each(['', 'gzip', 'x-trailers', 'trailers;q=0'])('"%s" does not', te => {
    expect(passed('TE', te)).toEqual([])
  })
})

describe('Connection', () => {
  test('cannot take away what the model server is asked by', () => {
    const kept = ['Content-Type', 'a/b', 'Content-Encoding', 'gzip', 'Authorization', 'Bearer x', 'Cookie', 'c=1']
    const listed = 'content-type, content-encoding, authorization, cookie, host, content-length, x-request-id'
    expect(passed('Connection', listed, ...kept)).toEqual(kept)
  })

  test("cannot take away the proxy's own fields", () => {
    expect(shared('Connection', 'x-forwarded-for, x-forwarded-proto, x-request-id')).toEqual(OWN)
  })
})

describe("the proxy's own fields", () => {
  test('say https for a TLS client', () => {
    const client = new FakeDownstream()
    client.secure = true
    const headers = endToEndHeaders(client, 'models.example', 'id-1')
    expect(headers[headers.indexOf('x-forwarded-proto') + 1]).toBe('https')
  })

  test('leave the host out when the client named none', () => {
    expect(endToEndHeaders(new FakeDownstream(), '', 'id-1')).toEqual(OWN.slice(0, 6))
  })
})

import { describe, expect, test } from 'vitest'
import { connectionListed, isHopByHop } from '../../../../src/dataplane/http/hop-by-hop.ts'

describe('hop-by-hop fields', () => {
  test.each([
    'connection',
    'keep-alive',
    'proxy-connection',
    'proxy-authenticate',
    'proxy-authorization',
    'te',
    'trailer',
    'transfer-encoding',
    'upgrade',
    'http2-settings',
  ])('%s is one', name => {
    expect(isHopByHop(name)).toBe(true)
  })

  test.each(['content-length', 'host', 'authorization', 'connection-id', 'x-te', 'trailers', 'expect'])(
    '%s is none',
    name => {
      expect(isHopByHop(name)).toBe(false)
    },
  )
})

describe('the fields a Connection value names', () => {
  test.each([
    [undefined, []],
    ['keep-alive', []],
    ['close', []],
    ['', []],
    [' , ,', []],
    ['X-Secret', ['x-secret']],
    ['close, X-One ,\tx-two', ['close', 'x-one', 'x-two']],
    ['Keep-Alive, x-one, X-ONE', ['keep-alive', 'x-one']],
  ])('%s: %j', (value, names) => {
    expect([...connectionListed(value)]).toEqual(names)
  })

  test.each(['Content-Length', 'content-type', 'Content-Encoding', 'HOST', 'Authorization', 'Cookie', 'X-Request-Id'])(
    'do not include %s: a client cannot take it away',
    name => {
      expect([...connectionListed(`close, ${name}`)]).toEqual(['close'])
    },
  )
})

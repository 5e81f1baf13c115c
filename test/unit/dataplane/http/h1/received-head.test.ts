import { describe, expect, test } from 'vitest'
import { parseRequestHead } from '../../../../../src/dataplane/http/h1/received-head.ts'

const keepAlive = (version: string, ...connection: readonly string[]): boolean =>
  parseRequestHead([`GET / HTTP/${version}`, 'Host: h', ...connection.map(each => `Connection: ${each}`)].join('\r\n'))
    .keepAlive

describe('another request may follow', () => {
  test.each([
    [[]],
    [['keep-alive']],
    [['']],
    [[',']],
    [['closed']],
    [['x-close, not-close']],
    [['close x']],
    [['"close"']],
    [['a, "b, close"']],
    [['close\xa0']],
    [['\xa0close, keep-alive']],
  ])('where the client does not say close: %j', connection => {
    expect(keepAlive('1.1', ...connection)).toBe(true)
  })

  test.each([
    [['close']],
    [['Close']],
    [['CLOSE\t ']],
    [['x-a,close']],
    [['x-a ,\t close \t, x-b']],
    [['close, keep-alive']],
    [['keep-alive', 'close']],
    [['x-a', 'x-b, close,']],
  ])('not where it says it: %j', connection => {
    expect(keepAlive('1.1', ...connection)).toBe(false)
  })

  test.each([[[]], [['keep-alive']]])('not before HTTP/1.1, whatever it says: %j', connection => {
    expect(keepAlive('1.0', ...connection)).toBe(false)
  })
})

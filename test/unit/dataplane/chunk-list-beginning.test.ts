import { describe, expect, test } from 'vitest'
import { chunks } from '../../support/chunks.ts'

const list = () => chunks(Buffer.from('one'), Buffer.from('two'), Buffer.from('three'))

describe('the beginning of a body', () => {
  test.each([
    [0, ''],
    [1, 'o'],
    [3, 'one'],
    [4, 'onet'],
    [10, 'onetwothre'],
    [11, 'onetwothree'],
    [100, 'onetwothree'],
  ])('of %d bytes is just that, wherever its pieces end', (limit, text) => {
    expect(list().beginning(limit).toString()).toBe(text)
  })

  test('leaves the body as it was', () => {
    const body = list()
    body.beginning(4)
    expect([body.bytes, body.pieces().length, body.whole().toString()]).toEqual([11, 3, 'onetwothree'])
  })
})

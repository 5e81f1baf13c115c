import { describe, expect, test } from 'vitest'
import { beginsAsEventStream, parseEventStream } from '../../../../src/analysis/payloads/event-stream.ts'

const data = (text: string | Buffer) => parseEventStream(Buffer.from(text))?.map(event => event.data)

describe('parseEventStream, as the HTML standard has it', () => {
  test.each(['\n', '\r', '\r\n'])('lines end with %j', end => {
    expect(data(['data: a', 'data: b', '', 'data: c', '', ''].join(end))).toEqual(['a\nb', 'c'])
  })

  test('line ends may be mixed', () => {
    expect(data('data: a\r\n\ndata: b\r\rdata: c\n\r\n')).toEqual(['a', 'b', 'c'])
  })

  test('one space behind the colon is left out, and no more', () => {
    expect(data('data:a\n\ndata:  b\n\ndata: c: d\n\n')).toEqual(['a', ' b', 'c: d'])
  })

  test('comments, ids, retries and unknown fields are no data', () => {
    expect(data(': ping\n\nid: 7\nretry: 10\nfoo: x\ndata: a\n: in between\ndata: b\n\n')).toEqual(['a\nb'])
  })

  test('an event without data does not happen; empty data does', () => {
    expect(data('event: x\n\n\n\ndata\n\ndata:\n\ndata:\ndata:\n\n')).toEqual(['', '', '\n'])
  })

  test('the type is that of the event and is forgotten after it', () => {
    expect(parseEventStream(Buffer.from('event: error\ndata: a\n\ndata: b\n\n'))).toEqual([
      { type: 'error', data: 'a' },
      { type: '', data: 'b' },
    ])
  })

  test('a byte order mark at the start is skipped', () => {
    expect(data('\uFEFFdata: a\n\n')).toEqual(['a'])
  })

  test.each(['data: a\n\ndata: [DONE]', 'data: a\n\ndata: [DONE]\n', 'data: a\n\ndata: [DONE]\r\n'])(
    'an event that the body ends in is none: %j',
    body => {
      expect(data(body)).toEqual(['a'])
    },
  )

  test('a body that is cut within a character keeps its whole events', () => {
    const whole = Buffer.from('data: a\n\ndata: ü')
    expect(data(whole.subarray(0, whole.length - 1))).toEqual(['a'])
  })

  test('bytes that are not UTF-8 are refused: two different ones would look the same', () => {
    expect(data(Buffer.from([0x64, 0x61, 0x74, 0x61, 0x3a, 0xff, 0x0a, 0x0a]))).toBeUndefined()
    expect(parseEventStream(Buffer.from([0xff, 0x0a]))).toBeNull()
  })

  test('nothing holds no event', () => {
    expect(data('')).toEqual([])
    expect(data('\n\n')).toEqual([])
  })
})

test.each([
  ['data: a', true],
  [': comment', true],
  ['event: x', true],
  ['\uFEFFid: 1', true],
  ['{"data": 1}', false],
  ['database', false],
  ['', false],
])('a body that begins %j is an event stream: %s', (body, expected) => {
  expect(beginsAsEventStream(Buffer.from(body))).toBe(expected)
})

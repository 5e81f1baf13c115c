import { describe, expect, test } from 'vitest'
import { markEvents } from '../../../src/analysis/stream-events.ts'

const SSE = 'text/event-stream; charset=utf-8'
const NDJSON = 'application/x-ndjson'
const endsOf = (body: string, type: string): number[] =>
  markEvents(Buffer.from(body), type).events.map(({ end }) => end)

describe('server-sent events', () => {
  test.each<[string, string[]]>([
    ['line feeds', ['data: a\n\n', 'data: b\n\n']],
    ['carriage returns', ['data: a\r\r', 'data: b\r\r']],
    ['several lines of data', ['data: a\ndata: b\n\n', 'data\n\n']],
    ['other fields, comments and empty lines', ['event: x\nid: 1\ndata:a\n\n', ': hello\n\n\nretry: 5\ndata: b\n\n']],
    ['characters of several bytes', ['data: 😀é\n\n', 'data: b\n\n']],
    ['a byte order mark', ['\uFEFFdata: a\n\n', 'data: b\n\n']],
  ])('end with their empty line: %s', (_, events) => {
    let end = 0
    const ends = events.map(event => (end += Buffer.byteLength(event)))
    expect(markEvents(Buffer.from(events.join('')), SSE)).toMatchObject({
      events: ends.map(each => ({ end: each })),
      inEvent: false,
    })
  })

  test('end with the first character of a line end of two, which may come alone', () => {
    expect(endsOf('data: a\r\n\r\ndata: b\r\n\r\n', SSE)).toEqual([10, 21])
  })

  test('without data are none', () => {
    expect(endsOf(': ping\n\nevent: x\n\ndatas: x\n\n data: x\n\n', SSE)).toEqual([])
  })

  test.each([
    ['', false],
    ['data: a\n\n', false],
    [': ping\n\n', false],
    ['data: a\n\nda', true],
    ['data: a\n', true],
    ['data: a\n\nevent: x\n', false],
    ['data: a', true],
  ])('that are cut off are none: "%s"', (body, inEvent) => {
    expect(markEvents(Buffer.from(body), SSE).inEvent).toBe(inEvent)
    expect(endsOf(body, SSE)).toEqual(body.startsWith('data: a\n\n') ? [9] : [])
  })
})

describe('lines of JSON', () => {
  test('are events, blank ones are not', () => {
    expect(endsOf('{"a":1}\n\n \r\n{"a":2}\r\n', NDJSON)).toEqual([8, 21])
  })

  test('need no line end behind the last one where it is whole', () => {
    expect(markEvents(Buffer.from('{"a":1}\n{"a":2}'), NDJSON)).toMatchObject({
      events: [{ end: 8 }, { end: 15 }],
      inEvent: false,
    })
    expect(markEvents(Buffer.from('{"a":1}\n{"a":'), NDJSON)).toMatchObject({ events: [{ end: 8 }], inEvent: true })
  })
})

import { describe, expect, test } from 'vitest'
import { AnswerParser } from '../../../../../src/dataplane/upstream/h1/answer-parser.ts'
import { AnswerLog, pushAll, readAnswer } from '../../../../support/answer-log.ts'

const CHUNKED = 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n'
const KIB = 1024

/** However the bytes come. */
function heardOf(bytes: string, step = 1): string[] {
  const pieces = bytes.match(new RegExp(`[^]{1,${step}}`, 'g')) ?? []
  const whole = readAnswer(bytes).heard
  expect(readAnswer(pieces).heard).toEqual(whole)
  return whole
}

/** A head or trailers of so many bytes, without the empty line. */
const fieldsOf = (bytes: number): string => `x: ${'y'.repeat(bytes - 3)}`

describe('what is no answer is refused', () => {
  test.each([
    ['at once, without waiting for an empty line', 'SSH-2.0'],
    ['at its first byte', '\r'],
    ['for its version', 'HTTP/2'],
    ['for a lone LF in an unfinished head', 'HTTP/1.1 200 OK\n'],
    ['for a lone CR in an unfinished head', 'HTTP/1.1 200 OK\ra'],
    ['for a lone LF in an unfinished field', 'HTTP/1.1 200 OK\r\na: b\nc'],
    ['for an LF behind a line end', 'HTTP/1.1 200 OK\r\n\n'],
    ['for two CR', 'HTTP/1.1 200 OK\r\r\n'],
    ['for a length that is none', 'HTTP/1.1 200 OK\r\ncontent-length: 3, 3\r\n\r\nabc'],
    ['for a 100 that nobody asked for', 'HTTP/1.1 100 Continue\r\n\r\n'],
    ['for a switch of protocols that nobody asked for', 'HTTP/1.1 101 \r\nupgrade: x\r\n\r\n'],
    ['for an interim answer with a length', 'HTTP/1.1 103 \r\ncontent-length: 3\r\n\r\nabc'],
    ['for an interim answer in chunks', 'HTTP/1.1 103 \r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n'],
  ])('%s', (_, bytes) => {
    expect(heardOf(bytes)).toEqual(['refused'])
  })

  test.each([
    '0x3',
    '-1',
    '+3',
    ' 3',
    '3 3',
    '',
    'g',
    '3 a',
    ';a',
    '3"',
    '12345678901234567',
    '3\0',
    '3;a\x01',
    '3;a\rb',
  ])('for a chunk of size %j', size => {
    expect(heardOf(`${CHUNKED}${size}\r\nabc\r\n0\r\n\r\n`)).toEqual(['head 200', 'refused'])
  })

  test.each(['3\nabc\r\n0\r\n\r\n', '3;a\nabc\r\n0\r\n\r\n', '\n3\r\nabc\r\n0\r\n\r\n'])(
    'for a chunk line that ends with a lone LF: %j',
    body => {
      expect(heardOf(CHUNKED + body)).toEqual(['head 200', 'refused'])
    },
  )

  test.each([
    '3\r\nabcd\r\n',
    '3\r\nabc0\r\n\r\n',
    '3\r\nabc\n0\r\n\r\n',
    '3\r\nabc\rd',
    '3\r\nabc\r\r\n',
    '3\r\nabc \r\n',
  ])('for a chunk that does not end at its size: %j', body => {
    expect(heardOf(CHUNKED + body)).toEqual(['head 200', 'data abc', 'refused'])
  })

  test.each([
    'a : b',
    ' a: b',
    'a',
    ': b',
    'a: \0',
    'a: b\nc: d',
    'a: b\rc: d',
    '\nb: c',
    'a: b\r\n c',
    'Content-Length: 0',
    'a: b\r\ntransfer-encoding: chunked',
  ])('for trailers %j', trailers => {
    expect(heardOf(`${CHUNKED}0\r\n${trailers}\r\n\r\n`)).toEqual(['head 200', 'refused'])
  })
})

describe('limits', () => {
  const line = 'HTTP/1.1 200 OK\r\ncontent-length: 0\r\n'

  test('a head of 64 KiB is read, a byte more is refused, finished or not', () => {
    const most = line + fieldsOf(64 * KIB - line.length)
    for (const step of [997, 1448, 4096]) {
      expect(heardOf(`${most}\r\n\r\n`, step)).toEqual(['head 200', 'end'])
      expect(heardOf(`${most}y\r\n\r\n`, step)).toEqual(['refused'])
      expect(heardOf(`${most}yyyyyy`, step)).toEqual(['refused'])
    }
  })

  test('a chunk line is read up to 4 KiB and refused above, finished or not', () => {
    const most = `3;${'a'.repeat(4 * KIB - 3)}`
    expect(heardOf(`${CHUNKED}${most}\r\nabc\r\n`, 997)).toEqual(['head 200', 'data abc'])
    expect(heardOf(`${CHUNKED}${most}a\r\nabc\r\n`, 997)).toEqual(['head 200', 'refused'])
    expect(heardOf(`${CHUNKED}${most}aa`, 997)).toEqual(['head 200', 'refused'])
  })

  test('trailers of 63 KiB are read, however they come and whatever is behind them', () => {
    const answer = `${CHUNKED}0\r\n${fieldsOf(63 * KIB)}\r\n\r\n`
    const rest = 'z'.repeat(4 * KIB)
    for (const cut of [0, 1, 1_000, 3_000, 62 * KIB]) {
      const at = CHUNKED.length + cut
      for (const all of [answer, answer + rest])
        expect(readAnswer([all.slice(0, at), all.slice(at)]).ends, `${cut} of ${all.length}`).toBe(1)
    }
    expect(readAnswer(answer.split('')).ends).toBe(1)
  })

  test('trailers over 64 KiB are refused, finished or not', () => {
    const over = `${CHUNKED}0\r\n${fieldsOf(64 * KIB + 8)}`
    expect(heardOf(over, 997)).toEqual(['head 200', 'refused'])
    expect(heardOf(`${over}\r\n\r\n`, 997)).toEqual(['head 200', 'refused'])
  })
})

test('nothing is heard of what comes behind a mistake, though it would go on well', () => {
  const mistakes: [string, string][] = [
    [CHUNKED, '0x3\r\n'],
    [`${CHUNKED}3\r\nabc`, 'd'],
    [`${CHUNKED}0\r\n`, 'a : b\r\n\r\n'],
    ['', 'SSH'],
    ['', 'HTTP/1.1 200 OK\r\ncontent-length: 3, 3\r\n\r\n'],
  ]
  for (const [before, mistake] of mistakes) {
    const log = new AnswerLog()
    const parser = new AnswerParser(log)
    parser.expect('GET')
    pushAll(parser, log, [before, mistake])
    expect(log.heard.at(-1)).toBe('refused')
    const heard = log.heard.length
    for (const more of ['\r\n0\r\n\r\n', '3\r\nabc\r\n0\r\n\r\n', 'HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n'])
      pushAll(parser, log, [more])
    expect(
      log.heard.slice(heard).filter(each => each !== 'refused'),
      JSON.stringify(mistake),
    ).toEqual([])
    expect(parser.finish()).toBe(false)
  }
})

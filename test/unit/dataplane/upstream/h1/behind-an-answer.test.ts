import { describe, expect, test } from 'vitest'
import { AnswerParser } from '../../../../../src/dataplane/upstream/h1/answer-parser.ts'
import { AnswerLog, pushAll, readAnswer } from '../../../../support/answer-log.ts'

const LENGTH = 'HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nabc'
const CHUNKED = 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n'
const SECOND = 'HTTP/1.1 404 Not Found\r\ncontent-length: 1\r\n\r\nx'

describe('bytes behind an answer', () => {
  test.each([
    ['with a length', LENGTH, ['head 200', 'data abc'], 'end'],
    ['in chunks', `${CHUNKED}\r\n`, ['head 200', 'data abc'], 'end'],
    ['with trailers', `${CHUNKED}a: b\r\n\r\n`, ['head 200', 'data abc'], 'end a b'],
    ['without a body', 'HTTP/1.1 204 \r\n\r\n', ['head 204'], 'end'],
  ])('%s are counted, and nothing of them is read', (_, bytes, heard, end) => {
    for (const rest of ['\r', '\r\n', SECOND])
      expect(readAnswer(bytes + rest).heard).toEqual([...heard, `${end} +${rest.length}`])
    expect(readAnswer([bytes, SECOND]).heard).toEqual([...heard, end])
  })

  test('to HEAD are counted too: a body that must not be there', () => {
    expect(readAnswer(LENGTH, { method: 'HEAD' }).heard).toEqual(['head 200', 'end +3'])
  })

  test('are nothing to the next answer', () => {
    const log = new AnswerLog()
    const parser = new AnswerParser(log)
    pushAll(parser, log, ['bytes before any request', SECOND])
    parser.expect('GET')
    pushAll(parser, log, [LENGTH, 'HTTP/1.1 500 cut'])
    parser.expect('GET')
    pushAll(parser, log, [SECOND])
    expect(log.heard).toEqual(['head 200', 'data abc', 'end', 'head 404', 'data x', 'end'])
  })
})

describe('one parser', () => {
  test('reads one answer after the other, each by the method of its request', () => {
    const log = new AnswerLog()
    const parser = new AnswerParser(log)
    for (const method of ['HEAD', 'GET', 'HEAD', 'POST']) {
      parser.expect(method)
      pushAll(parser, log, [method === 'HEAD' ? LENGTH.slice(0, -3) : LENGTH])
    }
    const head = ['head 200', 'end']
    const get = ['head 200', 'data abc', 'end']
    expect(log.heard).toEqual([...head, ...get, ...head, ...get])
  })

  test('reads a head that comes again, and one that is only as long, for what they are', () => {
    const log = new AnswerLog()
    const parser = new AnswerParser(log)
    const statuses = [200, 200, 404, 200, 404, 404]
    for (const status of statuses) {
      parser.expect('GET')
      pushAll(parser, log, [`HTTP/1.1 ${status} \r\nx: ${status}\r\ncontent-length: 0\r\n\r\n`])
      expect(log.head).toMatchObject({ status, fields: ['x', `${status}`, 'content-length', '0'] })
    }
    expect(log.heard).toEqual(statuses.flatMap(status => [`head ${status}`, 'end']))
  })

  test('keeps nothing of an answer that was given up', () => {
    const cut = [
      LENGTH.slice(0, 20),
      LENGTH.slice(0, -1),
      CHUNKED.slice(0, -8),
      `${CHUNKED}a: b`,
      CHUNKED.slice(0, -12),
    ]
    for (const part of cut) {
      const log = new AnswerLog()
      const parser = new AnswerParser(log)
      parser.expect('GET')
      pushAll(parser, log, [part])
      parser.stop()
      pushAll(parser, log, [SECOND])
      parser.expect('GET')
      const before = log.heard.length
      pushAll(parser, log, [SECOND])
      expect(log.heard.slice(before), JSON.stringify(part)).toEqual(['head 404', 'data x', 'end'])
    }
  })
})

import { describe, expect, test } from 'vitest'
import { AnswerParser, type AnswerListener } from '../../../../../src/dataplane/upstream/h1/answer-parser.ts'
import { AnswerLog, pushAll } from '../../../../support/answer-log.ts'

const INTERIM = 'HTTP/1.1 103 \r\n\r\n'
const FRAMINGS = {
  length: 'HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nabcdef',
  chunked: 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n3\r\ndef\r\n0\r\na: b\r\n\r\n',
  close: 'HTTP/1.1 200 OK\r\n\r\nabcdef',
  none: 'HTTP/1.1 204 \r\n\r\n',
}

/** Stops at the first call of one kind. */
function stopAt(kind: keyof AnswerListener, pieces: readonly string[]): string[] {
  const log = new AnswerLog()
  const stopAfter = (each: keyof AnswerListener): void => {
    if (each === kind) parser.stop()
  }
  const parser: AnswerParser = new AnswerParser({
    onInterim: head => stopAfter((log.onInterim(head), 'onInterim')),
    onHead: head => stopAfter((log.onHead(head), 'onHead')),
    onData: bytes => stopAfter((log.onData(bytes), 'onData')),
    onEnd: (trailers, rest) => stopAfter((log.onEnd(trailers, rest), 'onEnd')),
  })
  parser.expect('GET')
  pushAll(parser, log, pieces)
  if (parser.finish()) log.heard.push('finished')
  return log.heard
}

describe.each(Object.entries(FRAMINGS))('stopping (%s)', (framing, answer) => {
  const bytes = INTERIM + answer

  test('from an interim answer, nothing more is heard', () => {
    for (const pieces of [[bytes], bytes.split('')]) expect(stopAt('onInterim', pieces)).toEqual(['interim 103'])
  })

  test('from the head, nothing more is heard', () => {
    const status = framing === 'none' ? 204 : 200
    for (const pieces of [[bytes], bytes.split('')])
      expect(stopAt('onHead', pieces)).toEqual(['interim 103', `head ${status}`])
  })

  test.skipIf(framing === 'none')('from the first bytes of the body, nothing more is heard', () => {
    const first = framing === 'chunked' ? 'abc' : 'abcdef'
    expect(stopAt('onData', [bytes])).toEqual(['interim 103', 'head 200', `data ${first}`])
    expect(stopAt('onData', bytes.split(''))).toEqual(['interim 103', 'head 200', 'data a'])
  })

  test.skipIf(framing === 'close')('from the end, nothing more is heard', () => {
    const heard = stopAt('onEnd', [bytes + bytes, bytes])
    expect(heard.at(-1)).toMatch(/^end.* \+\d+$/)
    expect(heard.filter(each => each.startsWith('end'))).toHaveLength(1)
  })
})

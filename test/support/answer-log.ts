import type { AnswerHead } from '../../src/dataplane/upstream/h1/answer-head.ts'
import { MalformedMessage } from '../../src/dataplane/h1/fields.ts'
import { AnswerParser, type AnswerListener } from '../../src/dataplane/upstream/h1/answer-parser.ts'

/** Writes down what the parser found, one line each; body that comes in a row is one line, however it was cut. */
export class AnswerLog implements AnswerListener {
  readonly heard: string[] = []
  head: AnswerHead | null = null
  trailers: readonly string[] | null = null
  body = ''
  ends = 0

  onInterim(head: AnswerHead): void {
    this.heard.push(`interim ${head.status}`)
  }

  onHead(head: AnswerHead): void {
    this.head = head
    this.heard.push(`head ${head.status}`)
  }

  onData(bytes: Buffer): void {
    const text = bytes.toString('latin1')
    this.body += text
    const last = this.heard.length - 1
    if (this.heard[last]?.startsWith('data ')) this.heard[last] += text
    else this.heard.push(`data ${text}`)
  }

  onEnd(trailers: readonly string[], rest: number): void {
    this.trailers = trailers
    this.ends++
    this.heard.push(['end', ...trailers, ...(rest === 0 ? [] : [`+${rest}`])].join(' '))
  }
}

/** Pushes latin1 pieces; whatever is thrown that is no MalformedMessage is a failure of the test. */
export function pushAll(parser: AnswerParser, log: AnswerLog, pieces: readonly string[]): void {
  try {
    for (const piece of pieces) parser.push(Buffer.from(piece, 'latin1'))
  } catch (error) {
    if (!(error instanceof MalformedMessage)) throw error
    log.heard.push('refused')
  }
}

/** One answer that comes in these pieces; `closed`: then the connection ends. */
export function readAnswer(
  pieces: string | readonly string[],
  { method = 'GET', closed = false }: { readonly method?: string; readonly closed?: boolean } = {},
): AnswerLog {
  const log = new AnswerLog()
  const parser = new AnswerParser(log)
  parser.expect(method)
  pushAll(parser, log, typeof pieces === 'string' ? [pieces] : pieces)
  if (closed && !parser.finish() && log.ends === 0) log.heard.push('cut off')
  return log
}

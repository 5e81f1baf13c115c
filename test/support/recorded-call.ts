import type { AnswerHead } from '../../src/dataplane/upstream/h1/answer-head.ts'
import type { BodyStream } from '../../src/dataplane/upstream/h1/body-stream.ts'
import type { Call } from '../../src/dataplane/upstream/h1/call.ts'
import type { Request } from '../../src/dataplane/upstream/h1/connection.ts'
import type { Connections } from '../../src/dataplane/upstream/h1/connections.ts'
import { chunks } from './chunks.ts'
import { within } from './within.ts'

/** A call that writes down all it hears, and can do something about it at once. */
export class RecordedCall implements Call {
  readonly isAwaited = true
  readonly method: string
  readonly heard: string[] = []
  body = ''
  bytes = 0
  /** Called when something was written down. */
  react: (what: string) => void = () => {}
  readonly #over = Promise.withResolvers<string>()

  constructor(method = 'GET') {
    this.method = method
  }

  /** `end`, or why there was no whole answer. */
  over(): Promise<string> {
    return within(this.#over.promise, 5_000, 'the call did not end')
  }

  onRequestSent(): void {
    this.#hear('sent')
  }

  onInterim({ status }: AnswerHead): void {
    this.#hear(`interim ${status}`)
  }

  onAnswerHead({ status }: AnswerHead): void {
    this.#hear(`head ${status}`)
  }

  onAnswerData(bytes: Buffer): void {
    this.bytes += bytes.length
    this.body += bytes.toString('latin1')
    this.#hear('data')
  }

  onReadEnd(): void {}

  onAnswerEnd(trailers: readonly string[]): void {
    this.#hear(['end', ...trailers].join(' '))
    this.#over.resolve('end')
  }

  onCallFailed(error: Error & { readonly code?: string }): void {
    this.#hear('failed')
    this.#over.resolve(error.code ?? error.message)
  }

  /** Data that comes in a row is written down once. */
  #hear(what: string): void {
    if (what !== 'data' || this.heard.at(-1) !== 'data') this.heard.push(what)
    this.react(what)
  }
}

export function requestOf(method: string, target: string, body: Request['body'] = null, framing = ''): Request {
  const head = `${method} ${target} HTTP/1.1\r\nhost: models.example\r\n${framing === '' ? '' : `${framing}\r\n`}\r\n`
  return { head, body, chunked: framing.startsWith('transfer-encoding') }
}

/** A GET without a body, or a POST with one, under way. `framing`: its header line. */
export function sendCall(connections: Connections, body: BodyStream | Buffer | null, framing = ''): RecordedCall {
  const call = new RecordedCall(body === null ? 'GET' : 'POST')
  const sent = Buffer.isBuffer(body) ? chunks(body) : body
  connections.send(call, requestOf(call.method, '/', sent, framing), performance.now())
  return call
}

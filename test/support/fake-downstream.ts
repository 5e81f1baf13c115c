import type { IncomingHttpHeaders } from 'node:http'
import type { BodyListener, Downstream } from '../../src/dataplane/http/downstream.ts'

/** A client's side in memory: the test is the client, and sees everything that was done to it. */
export class FakeDownstream implements Downstream {
  method = 'POST'
  target = '/v2/models/churn/infer'
  httpVersion = '1.1'
  headers: IncomingHttpHeaders
  rawHeaders: readonly string[]
  address = '192.0.2.7'
  secure = false
  hasBody = true
  closeAfterAnswer = false
  headWritten = false
  statusWritten = 0
  /** Whether the body is held back. */
  paused = false
  /** Set once the body is wanted. */
  listener: BodyListener | null = null
  readonly written: Buffer[] = []

  /** `rawHeaders` is a flat name, value list; `headers` is made from it as node:http does for fields that may repeat. */
  constructor(rawHeaders: readonly string[] = []) {
    this.rawHeaders = rawHeaders
    const headers: Record<string, string> = {}
    for (let i = 0; i < rawHeaders.length; i += 2) {
      const name = (rawHeaders[i] as string).toLowerCase()
      const value = rawHeaders[i + 1] as string
      headers[name] = name in headers ? `${headers[name]}, ${value}` : value
    }
    this.headers = headers
  }

  readBody(listener: BodyListener): void {
    this.listener = listener
  }

  pauseBody(): void {
    this.paused = true
  }

  resumeBody(): void {
    this.paused = false
  }

  attend(): void {}
  informational(): void {}

  writeHead(status: number): void {
    this.headWritten = true
    this.statusWritten = status
  }

  flushHead(): void {}

  write(chunk: Buffer): boolean {
    this.written.push(chunk)
    return true
  }

  keepUnread(): boolean {
    return true
  }

  end(): void {}
  abort(): void {}
}

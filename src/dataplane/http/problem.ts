import type { Duplex } from 'node:stream'
import { ERRORS, type ErrorCode } from '../../errors.ts'

/** An answer the proxy makes itself (RFC 9457). */
export interface ProblemAnswer {
  readonly status: number
  readonly title: string
  readonly headers: string[]
  readonly body: Buffer
}

/** Seconds after which a client may try again; load spikes of model servers last about that long. */
const RETRY_AFTER_SECONDS = '1'

export function problemAnswer(code: ErrorCode, detail: string, requestId: string | null): ProblemAnswer {
  const { status, title } = ERRORS[code]
  const problem = {
    type: `urn:understudy:error:${code.toLowerCase().replaceAll('_', '-')}`,
    title,
    status,
    detail,
    code,
    ...(requestId === null ? {} : { requestId }),
  }
  const body = Buffer.from(`${JSON.stringify(problem)}\n`)
  const headers = ['content-type', 'application/problem+json', 'content-length', String(body.length)]
  if (status === 503) headers.push('retry-after', RETRY_AFTER_SECONDS)
  if (requestId !== null) headers.push('x-request-id', requestId)
  return { status, title, headers, body }
}

/** The same answer on a bare socket, which is closed behind it: for what never became a request. */
export function answerRaw(socket: Duplex, code: ErrorCode, detail: string): void {
  if (!socket.writable) {
    socket.destroy()
    return
  }
  const { status, title, headers, body } = problemAnswer(code, detail, null)
  const lines = [`HTTP/1.1 ${status} ${title}`, 'connection: close']
  for (let i = 0; i < headers.length; i += 2) lines.push(`${headers[i]}: ${headers[i + 1]}`)
  socket.on('error', () => {})
  socket.end(Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`), body]), () => socket.destroy())
}

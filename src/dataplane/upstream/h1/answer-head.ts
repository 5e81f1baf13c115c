import { checkLineEnds, isNamed, MalformedMessage, parseFields } from '../../h1/fields.ts'

/** The head of an answer, or of a 1xx before it. */
export interface AnswerHead {
  readonly status: number
  readonly reason: string
  /** Flat name, value list (latin1) in the order, case and number they came. */
  readonly fields: readonly string[]
  /** null: none was given. */
  readonly contentLength: number | null
  readonly chunked: boolean
  /** The value of `Connection`; several in one line, '' for none. */
  readonly connection: string
  readonly contentType: string
  readonly contentEncoding: string
  /** `Inference-Header-Content-Length`, bytes of JSON before binary tensors; 0: none, Infinity: not one number. */
  readonly inferenceHeaderLength: number
  /** Another request may follow on the connection, if this answer's end is certain. */
  readonly keepAlive: boolean
  /** What the server says about how long it keeps an idle connection, milliseconds; null: nothing. */
  readonly keepAliveMs: number | null
  /** What of the fields goes on to a client; filled by the first who needs it, see http/answer-headers.ts. */
  relayed: readonly string[] | null
}

const VERSION = 'HTTP/1.'
const STATUS_LINE = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: ([^\r\n]*))?$/
const DIGITS = /^\d{1,15}$/
const KEEP_ALIVE_TIMEOUT = /(?:^|[\s,])timeout\s*=\s*"?(\d{1,6})/i
const CLOSE = /(?:^|,)\s*close\s*(?:,|$)/i
const KEEP_ALIVE = /(?:^|,)\s*keep-alive\s*(?:,|$)/i

/**
 * Reads a head: `text` is latin1 without the empty line at its end. As strict as RFC 9112 lets a proxy be: two lengths, or a
 * length beside a coding, are how answers are smuggled.
 * @throws MalformedMessage
 */
export function parseAnswerHead(text: string): AnswerHead {
  const lineEnd = text.indexOf('\r\n')
  const statusLine = STATUS_LINE.exec(lineEnd === -1 ? text : text.slice(0, lineEnd))
  if (statusLine === null) throw new MalformedMessage('the answer does not begin with an HTTP/1.1 status line')
  const fields = lineEnd === -1 ? [] : parseFields(text.slice(lineEnd + 2))
  return interpret(statusLine[1] === '1', Number(statusLine[2]), statusLine[3] ?? '', fields)
}

/**
 * Of a head that is not whole yet: whether it can still become one. `from`: the first character that is new.
 * @throws MalformedMessage
 */
export function checkBeginning(text: string, from: number): void {
  if (!VERSION.startsWith(text.slice(0, VERSION.length)))
    throw new MalformedMessage('what came is not the head of an HTTP/1.1 answer')
  checkLineEnds(text, from)
}

function interpret(isOneOne: boolean, status: number, reason: string, fields: readonly string[]): AnswerHead {
  let contentLength: number | null = null
  let coding: string | null = null
  let connection = ''
  let contentType = ''
  let contentEncoding = ''
  let inferenceHeaderLength = 0
  let keepAliveMs: number | null = null
  for (let i = 0; i < fields.length; i += 2) {
    const name = fields[i] as string
    const value = fields[i + 1] as string
    switch (name.length) {
      case 10:
        if (isNamed(name, 'connection')) connection = joined(connection, value)
        else if (isNamed(name, 'keep-alive')) keepAliveMs = timeoutOf(value)
        break
      case 12:
        if (isNamed(name, 'content-type')) contentType = joined(contentType, value)
        break
      case 14:
        if (!isNamed(name, 'content-length')) break
        if (contentLength !== null) throw new MalformedMessage('the answer has more than one Content-Length')
        if (!DIGITS.test(value))
          throw new MalformedMessage(`the Content-Length ${JSON.stringify(value)} is not a number`)
        contentLength = Number(value)
        break
      case 16:
        if (isNamed(name, 'content-encoding')) contentEncoding = joined(contentEncoding, value)
        break
      case 17:
        if (isNamed(name, 'transfer-encoding')) coding = coding === null ? value : `${coding}, ${value}`
        break
      case 31:
        if (isNamed(name, 'inference-header-content-length'))
          inferenceHeaderLength = inferenceHeaderLength === 0 && DIGITS.test(value) ? Number(value) : Infinity
        break
    }
  }
  if (coding !== null) checkCoding(coding, isOneOne, contentLength)
  return {
    status,
    reason,
    fields,
    contentLength,
    chunked: coding !== null,
    connection,
    contentType,
    contentEncoding,
    inferenceHeaderLength,
    keepAlive:
      !CLOSE.test(connection) &&
      (isOneOne || KEEP_ALIVE.test(connection)) &&
      !contradictsItself(status, coding, contentLength),
    keepAliveMs,
    relayed: null,
  }
}

/** A body is announced where there can be none: it may follow, and would be taken for the next answer. */
function contradictsItself(status: number, coding: string | null, contentLength: number | null): boolean {
  if (status === 204) return coding !== null || (contentLength ?? 0) > 0
  return status === 304 && coding !== null
}

/** Where a name repeats, one line with commas means the same (RFC 9110 §5.3). */
function joined(before: string, value: string): string {
  return before === '' ? value : `${before}, ${value}`
}

function checkCoding(coding: string, isOneOne: boolean, contentLength: number | null): void {
  if (coding.toLowerCase() !== 'chunked')
    throw new MalformedMessage(`Transfer-Encoding ${JSON.stringify(coding)} is not "chunked"`)
  if (!isOneOne) throw new MalformedMessage('Transfer-Encoding in an answer before HTTP/1.1')
  if (contentLength !== null) throw new MalformedMessage('the answer has both a Content-Length and a Transfer-Encoding')
}

function timeoutOf(value: string): number | null {
  const seconds = KEEP_ALIVE_TIMEOUT.exec(value)?.[1]
  return seconds === undefined ? null : Number(seconds) * 1000
}

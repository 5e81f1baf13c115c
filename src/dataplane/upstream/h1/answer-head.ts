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

/** A model server's bytes are not HTTP/1.1, or contradict themselves: what follows on the connection means nothing. */
export class AnswerError extends Error {
  readonly code = 'ANSWER_MALFORMED'
}

/** Which of the 256 characters may stand in a field name (RFC 9110 §5.6.2). */
const TOKEN = new Uint8Array(256)
for (const character of "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
  TOKEN[character.charCodeAt(0)] = 1

/** CR or LF on its own: where one reader sees a line end and another does not, answers are forged. */
const LONE_LINE_END = /\r(?!\n)|[^\r]\n/
/** That, and controls other than tab. */
// oxlint-disable-next-line no-control-regex
const FORBIDDEN = /[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|\r(?!\n)|(?:^|[^\r])\n/
const VERSION = 'HTTP/1.'
const STATUS_LINE = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: ([^\r\n]*))?$/
const FRAMING = new Set(['content-length', 'transfer-encoding'])
const DIGITS = /^\d{1,15}$/
const KEEP_ALIVE_TIMEOUT = /(?:^|[\s,])timeout\s*=\s*"?(\d{1,6})/i
const CLOSE = /(?:^|,)\s*close\s*(?:,|$)/i
const KEEP_ALIVE = /(?:^|,)\s*keep-alive\s*(?:,|$)/i

/**
 * Reads a head: `text` is latin1 without the empty line at its end. As strict as RFC 9112 lets a proxy be: two lengths, or a
 * length beside a coding, are how answers are smuggled.
 * @throws AnswerError
 */
export function parseAnswerHead(text: string): AnswerHead {
  const lineEnd = text.indexOf('\r\n')
  const statusLine = STATUS_LINE.exec(lineEnd === -1 ? text : text.slice(0, lineEnd))
  if (statusLine === null) throw new AnswerError('the answer does not begin with an HTTP/1.1 status line')
  const fields = lineEnd === -1 ? [] : parseFields(text.slice(lineEnd + 2))
  return interpret(statusLine[1] === '1', Number(statusLine[2]), statusLine[3] ?? '', fields)
}

/**
 * Of a head that is not whole yet: whether it can still become one. `from`: the first character that is new.
 * @throws AnswerError
 */
export function checkBeginning(text: string, from: number): void {
  const added = text.slice(from, text.endsWith('\r') ? -1 : undefined)
  if (!VERSION.startsWith(text.slice(0, VERSION.length)) || LONE_LINE_END.test(added))
    throw new AnswerError('what came is not the head of an HTTP/1.1 answer')
}

/** Field lines, latin1, of a head or of trailers, without the empty line at their end. @throws AnswerError */
export function parseFields(text: string): string[] {
  if (FORBIDDEN.test(text)) throw new AnswerError('the answer has a character in a header that is not allowed there')
  const fields: string[] = []
  let at = 0
  while (at < text.length) {
    let colon = at
    while (TOKEN[text.charCodeAt(colon)] === 1) colon++
    if (colon === at || text.charCodeAt(colon) !== 58 /* : */)
      throw new AnswerError('a header line of the answer has no valid name')
    const found = text.indexOf('\r\n', colon)
    const end = found === -1 ? text.length : found
    let from = colon + 1
    let to = end
    while (from < to && isBlank(text.charCodeAt(from))) from++
    while (to > from && isBlank(text.charCodeAt(to - 1))) to--
    fields.push(text.slice(at, colon), text.slice(from, to))
    at = end + 2
  }
  return fields
}

/** The same, of trailers. What frames a message must not come behind it (RFC 9110 §6.5.1). @throws AnswerError */
export function parseTrailers(text: string): string[] {
  const fields = parseFields(text)
  for (let i = 0; i < fields.length; i += 2) {
    if (FRAMING.has((fields[i] as string).toLowerCase()))
      throw new AnswerError(`the answer has ${fields[i]} in its trailers`)
  }
  return fields
}

function isBlank(code: number): boolean {
  return code === 32 || code === 9
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
        if (same(name, 'connection')) connection = joined(connection, value)
        else if (same(name, 'keep-alive')) keepAliveMs = timeoutOf(value)
        break
      case 12:
        if (same(name, 'content-type')) contentType = joined(contentType, value)
        break
      case 14:
        if (!same(name, 'content-length')) break
        if (contentLength !== null) throw new AnswerError('the answer has more than one Content-Length')
        if (!DIGITS.test(value)) throw new AnswerError(`the Content-Length ${JSON.stringify(value)} is not a number`)
        contentLength = Number(value)
        break
      case 16:
        if (same(name, 'content-encoding')) contentEncoding = joined(contentEncoding, value)
        break
      case 17:
        if (same(name, 'transfer-encoding')) coding = coding === null ? value : `${coding}, ${value}`
        break
      case 31:
        if (same(name, 'inference-header-content-length'))
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
    keepAlive: !CLOSE.test(connection) && (isOneOne || KEEP_ALIVE.test(connection)),
    keepAliveMs,
    relayed: null,
  }
}

/** `lower` is lower case and of the same length. */
function same(name: string, lower: string): boolean {
  return name === lower || name.toLowerCase() === lower
}

/** Where a name repeats, one line with commas means the same (RFC 9110 §5.3). */
function joined(before: string, value: string): string {
  return before === '' ? value : `${before}, ${value}`
}

function checkCoding(coding: string, isOneOne: boolean, contentLength: number | null): void {
  if (coding.toLowerCase() !== 'chunked')
    throw new AnswerError(`Transfer-Encoding ${JSON.stringify(coding)} is not "chunked"`)
  if (!isOneOne) throw new AnswerError('Transfer-Encoding in an answer before HTTP/1.1')
  if (contentLength !== null) throw new AnswerError('the answer has both a Content-Length and a Transfer-Encoding')
}

function timeoutOf(value: string): number | null {
  const seconds = KEEP_ALIVE_TIMEOUT.exec(value)?.[1]
  return seconds === undefined ? null : Number(seconds) * 1000
}

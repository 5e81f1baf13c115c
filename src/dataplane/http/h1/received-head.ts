import { METHODS, type IncomingHttpHeaders } from 'node:http'
import { checkLineEnds, MalformedMessage, parseFields } from '../../h1/fields.ts'

/** The head of a client's request. */
export interface ReceivedHead {
  readonly method: string
  /** As the client wrote it: origin form, absolute form or `*`. */
  readonly target: string
  /** `1.1`, or whatever digit, point, digit it says. */
  readonly httpVersion: string
  /** Flat name, value list (latin1) in the order, case and number they came. */
  readonly rawHeaders: readonly string[]
  /** By lower-case name, as node:http has them: see `headersByName`. */
  readonly headers: IncomingHttpHeaders
  /** null: none was given. */
  readonly contentLength: number | null
  /** null: none was given. Only `chunked` can be read. */
  readonly coding: string | null
  /** Another request may follow behind this one's answer. */
  readonly keepAlive: boolean
}

const KNOWN_METHODS: ReadonlySet<string> = new Set(METHODS)
/** What the target may be is the business of target.ts. */
const REQUEST_LINE = /^([A-Z-]+) ([\x21-\x7e]+) HTTP\/(\d\.\d)$/
const DIGITS = /^\d{1,15}$/
const CLOSE = /(?:^|,)[ \t]*close[ \t]*(?:,|$)/i

/** Fields of which the first counts where they repeat; all others are joined (as in node:http). */
const SINGLE = new Set([
  'age',
  'authorization',
  'content-length',
  'content-type',
  'etag',
  'expires',
  'from',
  'host',
  'if-modified-since',
  'if-unmodified-since',
  'last-modified',
  'location',
  'max-forwards',
  'proxy-authorization',
  'referer',
  'retry-after',
  'server',
  'user-agent',
])

/**
 * Reads a head: `text` is latin1 without the empty line at its end. Refuses whatever two readers could take for two different
 * requests (RFC 9112 §3, §5, §6): that is how requests are smuggled. @throws MalformedMessage
 */
export function parseRequestHead(text: string): ReceivedHead {
  const lineEnd = text.indexOf('\r\n')
  const requestLine = REQUEST_LINE.exec(lineEnd === -1 ? text : text.slice(0, lineEnd))
  if (requestLine === null) throw new MalformedMessage('it does not begin with a request line of HTTP/1.1')
  const [, method, target, httpVersion] = requestLine as unknown as [string, string, string, string]
  if (!KNOWN_METHODS.has(method)) throw new MalformedMessage(`the method ${method} is not known`)
  const rawHeaders = lineEnd === -1 ? [] : parseFields(text.slice(lineEnd + 2))
  const headers = headersByName(rawHeaders)
  const coding = headers['transfer-encoding'] ?? null
  const contentLength = lengthOf(headers['content-length'], rawHeaders)
  if (coding !== null) checkCoding(coding, contentLength)
  const keepAlive = httpVersion === '1.1' && !CLOSE.test(headers.connection ?? '')
  return { method, target, httpVersion, rawHeaders, headers, contentLength, coding, keepAlive }
}

/**
 * A body of a known length follows, within the limit, and nobody has to ask for it. Who sends a body in chunks may want to see the
 * answer begin first, as in a conversation; what is behind a CONNECT is no body.
 */
export function announcesBody({ method, contentLength, headers }: ReceivedHead, limitBytes: number): boolean {
  const isTaken = method !== 'CONNECT' && contentLength !== null && contentLength > 0 && contentLength <= limitBytes
  return isTaken && headers.expect === undefined && headers.upgrade === undefined
}

/** Of a head that is not whole yet: whether it can still become one. `from`: the first character that is new. @throws MalformedMessage */
export function checkRequestBeginning(text: string, from: number): void {
  if (!METHODS.some(method => `${method} `.startsWith(text.slice(0, method.length + 1))))
    throw new MalformedMessage('it does not begin with a method')
  checkLineEnds(text, from)
}

/** The values by lower-case name: set-cookie as a list, cookies joined by semicolons, what may repeat by commas. */
export function headersByName(rawHeaders: readonly string[]): IncomingHttpHeaders {
  const headers: IncomingHttpHeaders = {}
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = (rawHeaders[i] as string).toLowerCase()
    const value = rawHeaders[i + 1] as string
    const before = headers[name]
    if (before === undefined) headers[name] = name === 'set-cookie' ? [value] : value
    else if (typeof before === 'string') {
      if (!SINGLE.has(name)) headers[name] = `${before}${name === 'cookie' ? '; ' : ', '}${value}`
    } else if (Array.isArray(before)) before.push(value)
    // A name of what every object has.
    else headers[name] = value
  }
  return headers
}

function lengthOf(value: string | undefined, rawHeaders: readonly string[]): number | null {
  if (value === undefined) return null
  let lengths = 0
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] as string
    if (name.length === 14 && name.toLowerCase() === 'content-length') lengths++
  }
  if (lengths > 1) throw new MalformedMessage('it has more than one Content-Length')
  if (!DIGITS.test(value)) throw new MalformedMessage('its Content-Length is not a number')
  return Number(value)
}

/** What cannot be read at all; what could, but is not, is refused by framing.ts. */
function checkCoding(coding: string, contentLength: number | null): void {
  if (contentLength !== null) throw new MalformedMessage('it has both a Content-Length and a Transfer-Encoding')
  const codings = coding.split(',').map(each => each.trim().toLowerCase())
  const at = codings.indexOf('chunked')
  if (codings.includes('') || (at !== -1 && at < codings.length - 1))
    throw new MalformedMessage('its Transfer-Encoding names "chunked" before the end, or nothing')
}

import { STATUS_CODES } from 'node:http'
import { fieldLines, isBodiless } from '../../h1/message-text.ts'

/** How the end of an answer's body is told. */
export type AnswerFraming = 'none' | 'length' | 'chunked' | 'close'

/** What every reader takes for a reason phrase. */
const PHRASE = /^[\t\x20-\x7e]*$/
// oxlint-disable-next-line no-control-regex
const NO_FIELD = /[\x00-\x08\x0a-\x1f\x7f]/

/** RFC 9112 §6.3. `bodyBytes`: the declared length, null where there is none. */
export function framingOf(
  method: string,
  httpVersion: string,
  status: number,
  bodyBytes: number | null,
): AnswerFraming {
  if (isBodiless(method, status)) return 'none'
  if (bodyBytes !== null) return 'length'
  return httpVersion === '1.1' ? 'chunked' : 'close'
}

/** The model server's, or the usual one where that is none that every reader takes. */
export function reasonPhrase(status: number, given: string): string {
  return PHRASE.test(given) ? given : (STATUS_CODES[status] ?? '')
}

/**
 * The head of an answer, latin1, with the empty line behind it. Adds what belongs to this connection, and a Date where the
 * answer has none (RFC 9110 §6.6.1). `keepAlive`: how long the connection stays open, null: it closes behind the answer.
 */
export function answerHeadText(
  status: number,
  reason: string,
  fields: readonly string[],
  framing: AnswerFraming,
  keepAlive: string | null,
): string {
  let text = `HTTP/1.1 ${status} ${reasonPhrase(status, reason)}\r\n`
  let hasDate = false
  for (let i = 0; i < fields.length; i += 2) {
    const name = fields[i] as string
    if (name.length === 4 && name.toLowerCase() === 'date') hasDate = true
    // RFC 9110 §8.6: a 204 has none, and some servers send it nevertheless.
    else if (status === 204 && name.length === 14 && name.toLowerCase() === 'content-length') continue
    text += `${name}: ${fields[i + 1]}\r\n`
  }
  if (!hasDate) text += `Date: ${httpDate()}\r\n`
  text += keepAlive === null ? 'Connection: close\r\n' : `Connection: keep-alive\r\nKeep-Alive: ${keepAlive}\r\n`
  return framing === 'chunked' ? `${text}Transfer-Encoding: chunked\r\n\r\n` : `${text}\r\n`
}

/** A 1xx, latin1; null: it has a field that nobody could read, and is better left out. */
export function interimText(status: number, fields: readonly string[]): string | null {
  if (fields.some(text => NO_FIELD.test(text))) return null
  return `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${fieldLines(fields)}\r\n`
}

let dateSecond = 0
let dateText = ''

/** The time in seconds as HTTP writes it (RFC 9110 §5.6.7), rendered once a second. */
function httpDate(): string {
  const second = Math.floor(Date.now() / 1000)
  if (second !== dateSecond) {
    dateSecond = second
    dateText = new Date(second * 1000).toUTCString()
  }
  return dateText
}

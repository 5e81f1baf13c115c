import { isUtf8 } from 'node:buffer'

/** One event of a `text/event-stream` body. */
export interface StreamEvent {
  /** The `event` field; '' when there is none. */
  readonly type: string
  /** The `data` lines, joined by line feeds. */
  readonly data: string
}

const LF = 0x0a
const CR = 0x0d
/** Per the HTML standard a line ends with CRLF, LF or CR. */
const LINE_END = /\r\n|\n|\r/
const STREAM_TYPE = /^text\/event-stream/i
const FIELD_AT_START = /^\uFEFF?(?:data|event|id|retry)?:/
/** Of the mark, of a field's name, or of a comment: most answers are JSON, and one look at them is enough. */
const FIRST_BYTES: ReadonlySet<number | undefined> = new Set([0xef, ...Buffer.from('deir:')])

export function hasStreamType(contentType: string): boolean {
  return STREAM_TYPE.test(contentType)
}

/** Does the body begin as an event stream does, with a field or a comment? For servers that leave out the content type. */
export function beginsAsEventStream(body: Buffer): boolean {
  return FIRST_BYTES.has(body[0]) && FIELD_AT_START.test(body.toString('utf8', 0, 16))
}

/**
 * The events of a whole event stream, as the HTML standard reads them: comments, `id` and `retry` are skipped, an event
 * without data does not happen, nor does one that the body ends in. null: not UTF-8. Never throws.
 */
export function parseEventStream(body: Buffer): StreamEvent[] | null {
  // A body that was cut may end within a character; what follows its last line end belongs to no event anyway.
  const whole = body.subarray(0, Math.max(body.lastIndexOf(LF), body.lastIndexOf(CR)) + 1)
  if (!isUtf8(whole)) return null
  const events: StreamEvent[] = []
  let type = ''
  let data: string | null = null
  const lines = withoutMark(whole.toString('utf8')).split(LINE_END)
  // What stands behind the last line end is no line, not even an empty one.
  lines.pop()
  for (const line of lines) {
    if (line === '') {
      if (data !== null) events.push({ type, data })
      type = ''
      data = null
      continue
    }
    const colon = line.indexOf(':')
    const field = colon === -1 ? line : line.slice(0, colon)
    if (field === 'data') data = data === null ? valueOf(line, colon) : `${data}\n${valueOf(line, colon)}`
    else if (field === 'event') type = valueOf(line, colon)
  }
  return events
}

/** What follows the colon, without the one space that may stand there. */
function valueOf(line: string, colon: number): string {
  if (colon === -1) return ''
  return line.slice(line.charCodeAt(colon + 1) === 0x20 ? colon + 2 : colon + 1)
}

function withoutMark(text: string): string {
  return text.startsWith('\uFEFF') ? text.slice(1) : text
}

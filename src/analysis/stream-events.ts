import { hasContent } from './stream-content.ts'

/** One event of a stream, as its timing needs it. */
export interface EventMark {
  /** Bytes of the body up to its end: it is there once they have come. */
  readonly end: number
  /** It brings something of the answer: a token, in most streams. */
  readonly hasContent: boolean
}

export interface EventMarks {
  readonly events: readonly EventMark[]
  /** The body ends within an event. */
  readonly inEvent: boolean
}

const LF = 0x0a
const CR = 0x0d
const DATA = Buffer.from('data')
const SPACE = 0x20
const COLON = 0x3a
const BYTE_ORDER_MARK = Buffer.from('\uFEFF')
const NDJSON = /^application\/x-ndjson\b/i

/** Where the events of a stream end, by its content type: lines of NDJSON, else server-sent events. Never throws. */
export function markEvents(body: Buffer, contentType: string): EventMarks {
  return NDJSON.test(contentType) ? markLines(body) : markServerSentEvents(body)
}

/** Each line that is not blank is an event; the last one needs no line end where it is whole JSON. */
function markLines(body: Buffer): EventMarks {
  const events: EventMark[] = []
  let start = 0
  for (let end = body.indexOf(LF); end !== -1; end = body.indexOf(LF, start)) {
    const line = body.toString('utf8', start, end).trim()
    start = end + 1
    if (line !== '') events.push({ end: start, hasContent: hasContent(line) })
  }
  const rest = body.toString('utf8', start).trim()
  if (rest !== '' && isJson(rest)) events.push({ end: body.length, hasContent: hasContent(rest) })
  return { events, inEvent: rest !== '' && !isJson(rest) }
}

/** As the HTML standard has it: an empty line ends an event, one without data is none, nor is one that is cut off. */
function markServerSentEvents(body: Buffer): EventMarks {
  const events: EventMark[] = []
  let data: string | null = null
  let start = body.subarray(0, BYTE_ORDER_MARK.length).equals(BYTE_ORDER_MARK) ? BYTE_ORDER_MARK.length : 0
  for (let end = lineEnd(body, start); end !== -1; end = lineEnd(body, start)) {
    const line = body.subarray(start, end)
    start = end + 1
    if (line.length === 0) {
      // The line is over with its first character, also where CR and LF come in two pieces.
      if (data !== null) events.push({ end: start, hasContent: hasContent(data) })
      data = null
    } else if (isData(line)) data = data === null ? valueOf(line) : `${data}\n${valueOf(line)}`
    if (body[end] === CR && body[start] === LF) start++
  }
  return { events, inEvent: data !== null || start < body.length }
}

/** The first CR or LF from `start` on; -1: there is none. */
function lineEnd(body: Buffer, start: number): number {
  for (let at = start; at < body.length; at++) if (body[at] === LF || body[at] === CR) return at
  return -1
}

function isData(line: Buffer): boolean {
  return line.subarray(0, DATA.length).equals(DATA) && (line.length === DATA.length || line[DATA.length] === COLON)
}

/** What follows the colon, without the one space that may stand there. */
function valueOf(line: Buffer): string {
  const from = DATA.length + 1
  return line.toString('utf8', line[from] === SPACE ? from + 1 : from)
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

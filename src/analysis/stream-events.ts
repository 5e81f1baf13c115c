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
  const events: EventMark[] = []
  const inEvent = walkEvents(body, contentType, mark => {
    events.push(mark)
    return true
  })
  return { events, inEvent }
}

/** Bytes of the body up to the end of its first event with content, and no further read; null: there is none. */
export function firstTokenEnd(body: Buffer, contentType: string): number | null {
  let found: number | null = null
  walkEvents(body, contentType, ({ end, hasContent }) => {
    if (hasContent) found = end
    return !hasContent
  })
  return found
}

/** Takes one event; false: no more are wanted. */
type Visit = (mark: EventMark) => boolean

/** @returns whether the body ends within an event, where it is read to its end. */
function walkEvents(body: Buffer, contentType: string, visit: Visit): boolean {
  return NDJSON.test(contentType) ? walkLines(body, visit) : walkServerSentEvents(body, visit)
}

/** Each line that is not blank is an event; the last one needs no line end where it is whole JSON. */
function walkLines(body: Buffer, visit: Visit): boolean {
  let start = 0
  for (let end = body.indexOf(LF); end !== -1; end = body.indexOf(LF, start)) {
    const line = body.toString('utf8', start, end).trim()
    start = end + 1
    if (line !== '' && !visit({ end: start, hasContent: hasContent(line) })) return false
  }
  const rest = body.toString('utf8', start).trim()
  if (rest === '') return false
  if (!isJson(rest)) return true
  visit({ end: body.length, hasContent: hasContent(rest) })
  return false
}

/** As the HTML standard has it: an empty line ends an event, one without data is none, nor is one that is cut off. */
function walkServerSentEvents(body: Buffer, visit: Visit): boolean {
  let data: string | null = null
  let start = body.subarray(0, BYTE_ORDER_MARK.length).equals(BYTE_ORDER_MARK) ? BYTE_ORDER_MARK.length : 0
  for (let end = lineEnd(body, start); end !== -1; end = lineEnd(body, start)) {
    const line = body.subarray(start, end)
    start = end + 1
    if (line.length === 0) {
      // The line is over with its first character, also where CR and LF come in two pieces.
      if (data !== null && !visit({ end: start, hasContent: hasContent(data) })) return false
      data = null
    } else if (isData(line)) data = data === null ? valueOf(line) : `${data}\n${valueOf(line)}`
    if (body[end] === CR && body[start] === LF) start++
  }
  return data !== null || start < body.length
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

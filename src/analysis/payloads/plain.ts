import { isUtf8 } from 'node:buffer'
import { hash } from 'node:crypto'
import type { StreamEvent } from './event-stream.ts'
import { parseJson, parseJsonText, type NotJson } from './json.ts'
import { undecoded, type Payload } from './payload.ts'
import type { Answer, Decoded } from './protocol.ts'

const LINES_TYPE = /^application\/(?:x-)?(?:nd-?json|jsonl|json-?lines)\b/i
const JSON_TYPE = /\bjson\b/i
const BYTES_TYPE = /^(?:image|audio|video|font)\/|^application\/(?:octet-stream|pdf|zip|x-npy|x-protobuf)\b/i
/** No text that a model writes has them; tab, line feed, form feed and carriage return are left. */
// oxlint-disable-next-line no-control-regex
const CONTROLS = /[\x00-\x08\x0b\x0e-\x1f]/

/** Do the headers say that each line is JSON of its own? */
export function isLinesType(contentType: string): boolean {
  return LINES_TYPE.test(contentType)
}

/** Lines of JSON. A last line that neither ends nor can be read was cut: `truncated`. Never throws. */
export function decodeLines(body: Buffer): Payload {
  if (!isUtf8(body)) return undecoded('invalid_json', 'not UTF-8')
  const lines = body.toString('utf8').split('\n')
  const values: unknown[] = []
  for (const [index, line] of lines.entries()) {
    if (line.trim() === '') continue
    const json = parseJsonText(line)
    if (json.kind === 'json') values.push(json.value)
    else
      return undecoded(index === lines.length - 1 ? 'truncated' : 'invalid_json', `line ${index + 1}: ${json.detail}`)
  }
  return { kind: 'json_lines', values }
}

/** The same for a body of which nobody says that it is lines; null: it does not look like several. Never throws. */
export function decodeSeveralLines(body: Buffer): Payload | null {
  // Numbers alone may be lines of anything.
  const isObjectOrList = body[0] === 0x7b /* { */ || body[0] === 0x5b /* [ */
  const firstEnd = body.indexOf('\n')
  if (!isObjectOrList || firstEnd === -1 || firstEnd >= body.length - 1) return null
  return parseJson(body.subarray(0, firstEnd)).kind === 'json' ? decodeLines(body) : null
}

/** Text, `not_text` where it is not UTF-8. Never throws. */
export function decodeText(body: Buffer): Payload {
  return isUtf8(body) ? { kind: 'text', text: body.toString('utf8') } : undecoded('not_text', 'not UTF-8')
}

/** Bytes that nobody looks into. */
export function decodeBytes(body: Buffer): Payload {
  return { kind: 'bytes', length: body.length, sha256: hash('sha256', body) }
}

/** What no protocol fits and what is no JSON, `notJson` says why: lines of JSON, else text, else bytes. Never throws. */
export function decodeByLooking({ contentType, body }: Answer, notJson: NotJson): Decoded {
  const lines = decodeSeveralLines(body)
  if (lines !== null) return { format: 'json_lines', payload: lines }
  if (JSON_TYPE.test(contentType)) return { format: 'json', payload: undecoded('invalid_json', notJson.detail) }
  if (BYTES_TYPE.test(contentType)) return { format: 'bytes', payload: decodeBytes(body) }
  const text = decodeText(body)
  const isText = text.kind === 'text' && !CONTROLS.test(text.text)
  return isText ? { format: 'text', payload: text } : { format: 'bytes', payload: decodeBytes(body) }
}

/** The events of a stream of no protocol: JSON values when all of them are, else their texts. Never throws. */
export function decodePlainStream(events: readonly StreamEvent[]): Decoded {
  const values: unknown[] = []
  for (const { data } of events) {
    const json = parseJsonText(data)
    if (json.kind === 'json') values.push(json.value)
  }
  if (values.length === events.length) return { format: 'json_lines', payload: { kind: 'json_lines', values } }
  return { format: 'text', payload: { kind: 'text', text: events.map(({ data }) => data).join('\n') } }
}

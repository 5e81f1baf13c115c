import { decodeChunks } from './chunks.ts'
import { mergeChunks } from './merge-chunks.ts'
import { generationsOfResponse } from './responses.ts'
import type { StreamEvent } from '../event-stream.ts'
import { cutStream, jsonEvents } from '../json-events.ts'
import { isObject, textOrNull } from '../json-value.ts'
import { undecoded, type Payload } from '../payload.ts'

const DONE = '[DONE]'
const TERMINAL: ReadonlySet<unknown> = new Set(['response.completed', 'response.incomplete', 'response.failed'])

/**
 * Puts a stream together: chunks of a completion that end with `[DONE]`, or the typed events of a response that end with the
 * whole response. A stream without its end is a failed answer, and so is one with an error in it.
 */
export function decodeOpenAiStream(events: readonly StreamEvent[]): Payload {
  const end = events.findIndex(({ data }) => data === DONE)
  const values = jsonEvents(mergeChunks(end === -1 ? events : events.slice(0, end)))
  if (!Array.isArray(values)) return values
  const types = values.map(value => (isObject(value) ? textOrNull(value['type']) : null))
  if (types.some(type => type?.startsWith('response.'))) return decodeResponseEvents(values, types)
  return end === -1 ? cutStream('it has no [DONE]') : decodeChunks(values)
}

/** The terminal event has the whole response; some servers leave its output out, then the finished items are taken. */
function decodeResponseEvents(values: readonly unknown[], types: readonly (string | null)[]): Payload {
  const terminal = values[types.findLastIndex(type => TERMINAL.has(type))]
  if (!isObject(terminal)) return cutStream('the response has no last event')
  const response = terminal['response']
  if (!isObject(response)) return undecoded('invalid_payload', 'the last event has no response')
  const items = values.flatMap((value, i) =>
    types[i] === 'response.output_item.done' && isObject(value) ? [value['item']] : [],
  )
  const answer = generationsOfResponse(response, true, items)
  const isEmpty = !Array.isArray(response['output']) || response['output'].length === 0
  const isLost = isEmpty && items.length === 0 && types.includes('response.output_text.delta')
  return answer.kind === 'generations' && isLost
    ? undecoded('invalid_payload', 'the response ends without its output')
    : answer
}

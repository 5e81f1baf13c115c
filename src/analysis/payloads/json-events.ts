import type { StreamEvent } from './event-stream.ts'
import { parseJsonText } from './json.ts'
import { clipped, errorMessage } from './json-value.ts'
import { undecoded, type Payload, type Undecoded } from './payload.ts'

type ProtocolError = Extract<Payload, { kind: 'error' }>

/**
 * The JSON values that the events carry. An event that says an error ends the reading: what came before it is no answer.
 */
export function jsonEvents(events: readonly StreamEvent[]): unknown[] | ProtocolError | Undecoded {
  const values: unknown[] = []
  for (const [index, { type, data }] of events.entries()) {
    const parsed = parseJsonText(data)
    if (parsed.kind === 'not_json') {
      if (type === 'error') return { kind: 'error', message: clipped(data) }
      return undecoded('invalid_json', `event ${index}: ${parsed.detail}`)
    }
    const message = errorMessage(parsed.value) ?? (type === 'error' ? clipped(data) : null)
    if (message !== null) return { kind: 'error', message }
    values.push(parsed.value)
  }
  return values
}

/** A stream that stops before it says that it is over is a failed answer, as it is to its client. */
export function cutStream(what: string): ProtocolError {
  return { kind: 'error', message: `the stream ended early: ${what}` }
}

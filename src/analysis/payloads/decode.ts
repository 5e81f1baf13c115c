import type { PayloadKind } from '../../config/snapshot.ts'
import { beginsAsEventStream, hasStreamType, parseEventStream, type StreamEvent } from './event-stream.ts'
import { parseJson, parseJsonText, type ParsedJson } from './json.ts'
import { errorMessage } from './json-value.ts'
import { decodeBinaryOip, OIP } from './oip.ts'
import { undecoded } from './payload.ts'
import {
  decodeByLooking,
  decodeBytes,
  decodeLines,
  decodePlainStream,
  decodeSeveralLines,
  decodeText,
  isLinesType,
} from './plain.ts'
import type { Answer, Decoded, Protocol } from './protocol.ts'
import { expectedProtocol, possibleProtocols } from './recognise.ts'

/**
 * Decodes an answer that has no content encoding any more. A declared payload decides. `auto` goes by the path as far as the
 * body does not contradict it, then by the body; by the content type only where real servers set it: streams, lines of JSON,
 * bytes. Never throws.
 */
export function decodePayload(declared: PayloadKind, answer: Answer): Decoded {
  switch (declared) {
    case 'text':
      return { format: 'text', payload: decodeText(answer.body) }
    case 'bytes':
      return { format: 'bytes', payload: decodeBytes(answer.body) }
    case 'json':
      return decodeAnyJson(answer)
    default:
      return new Recognition(declared, answer).decode()
  }
}

/** Declared JSON may come in lines or as events. */
function decodeAnyJson({ contentType, body }: Answer): Decoded {
  const json = parseJson(body)
  if (json.kind === 'json') return { format: 'json', payload: json }
  const lines = isLinesType(contentType) ? decodeLines(body) : decodeSeveralLines(body)
  if (lines !== null) return { format: 'json_lines', payload: lines }
  const events = hasStreamType(contentType) ? parseEventStream(body) : null
  const stream = events === null ? null : decodePlainStream(events)
  if (stream?.format === 'json_lines') return stream
  return { format: 'json', payload: undecoded('invalid_json', json.detail) }
}

/** One answer, and the protocols it may be of. */
class Recognition {
  readonly #answer: Answer
  readonly #isDeclared: boolean
  readonly #protocols: readonly Protocol[]
  /** By the path or by what is declared. */
  readonly #expected: Protocol | null

  constructor(declared: PayloadKind, answer: Answer) {
    this.#answer = answer
    this.#isDeclared = declared !== 'auto'
    this.#protocols = possibleProtocols(declared)
    this.#expected = expectedProtocol(declared, answer.path)
  }

  decode(): Decoded {
    const { headerLength, contentType, body } = this.#answer
    if (headerLength > 0 && this.#protocols.includes(OIP))
      return { format: OIP.format, payload: decodeBinaryOip(this.#answer) }
    if (this.#isStream()) return this.#decodeStream()
    if (this.#expected === null && isLinesType(contentType)) return { format: 'json_lines', payload: decodeLines(body) }
    const json = parseJson(body)
    if (json.kind === 'json') return this.#decodeJson(json)
    if (this.#expected === null) return decodeByLooking(this.#answer, json)
    return { format: this.#expected.format, payload: undecoded('invalid_json', json.detail) }
  }

  /** Servers may leave the content type out: where a protocol with streams is expected, the body tells. */
  #isStream(): boolean {
    if (hasStreamType(this.#answer.contentType)) return true
    return (
      this.#expected !== null &&
      this.#protocols.some(each => each.stream !== null) &&
      beginsAsEventStream(this.#answer.body)
    )
  }

  #decodeJson(json: Extract<ParsedJson, { kind: 'json' }>): Decoded {
    const { value } = json
    const expected = this.#expected
    const isExpected = expected !== null && (expected.isAnswer(value) || errorMessage(value) !== null)
    const recognised = this.#protocols.find(each => each.isUnmistakable(value)) ?? (isExpected ? expected : null)
    // What is wrong with an answer of the declared protocol is for the protocol to say.
    const protocol = recognised ?? (this.#isDeclared ? expected : null)
    if (protocol === null) return { format: 'json', payload: json }
    return { format: protocol.format, payload: protocol.decode(value, this.#answer) }
  }

  #decodeStream(): Decoded {
    const expected = this.#expected
    const events = parseEventStream(this.#answer.body)
    if (events === null) return { format: expected?.format ?? 'text', payload: undecoded('not_text', 'not UTF-8') }
    const first = firstValue(events)
    const isExpected = first === undefined || errorMessage(first) !== null || expected?.stream?.isEvent(first) === true
    const recognised = isExpected ? expected : this.#protocols.find(each => each.stream?.isEvent(first) === true)
    if (recognised?.stream) return { format: recognised.format, payload: recognised.stream.decode(events) }
    if (!this.#isDeclared || expected === null) return decodePlainStream(events)
    return {
      format: expected.format,
      payload: undecoded('invalid_payload', `no stream of the declared ${expected.format}`),
    }
  }
}

/** Of the first event with JSON in it; undefined: there is none. */
function firstValue(events: readonly StreamEvent[]): unknown {
  for (const { data } of events) {
    const json = parseJsonText(data)
    if (json.kind === 'json') return json.value
  }
  return undefined
}

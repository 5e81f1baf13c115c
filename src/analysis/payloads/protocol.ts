import type { StreamEvent } from './event-stream.ts'
import type { Payload } from './payload.ts'

/** The forms of answers that are told apart; a pair record says which of them was read. */
export const PAYLOAD_FORMATS = [
  'oip',
  'generate',
  'tfserving',
  'openai',
  'tgi',
  'json',
  'json_lines',
  'text',
  'bytes',
] as const
export type PayloadFormat = (typeof PAYLOAD_FORMATS)[number]

/** An answer as its decoder sees it. */
export interface Answer {
  /** Target of the request, with its query. */
  readonly path: string
  /** '' for none: real servers leave it out. */
  readonly contentType: string
  /** `Inference-Header-Content-Length`; 0: none. */
  readonly headerLength: number
  /** Without content encoding. */
  readonly body: Buffer
}

export interface Decoded {
  readonly format: PayloadFormat
  readonly payload: Payload
}

/** What every protocol of model servers has to say. One file each; none of these functions throws. */
export interface Protocol {
  readonly format: PayloadFormat
  /** Matches the paths of its calls, without the query, below any prefix. */
  readonly path: RegExp
  /** The same in words, for people. */
  readonly pathInWords: string
  /** Could this be an answer of a call with such a path? An answer that lies about its content still could. */
  isAnswer(value: unknown): boolean
  /** Is this an answer of the protocol whatever the path? */
  isUnmistakable(value: unknown): boolean
  decode(value: unknown, answer: Answer): Payload
  /** null: its answers are never streams. */
  readonly stream: StreamProtocol | null
}

export interface StreamProtocol {
  /** Is this the data of one of its events? */
  isEvent(value: unknown): boolean
  decode(events: readonly StreamEvent[]): Payload
}

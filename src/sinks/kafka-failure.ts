/**
 * What a failed call of kafkajs means for the sink:
 * - `refused`: the broker will never take at least one of these records; `reason` is the drop reason.
 * - `producer`: producer and broker disagree on sequence numbers; only a new producer can go on.
 * - `topic`: a topic is not there (any more).
 * - `denied`: credentials or permissions are wrong; trying often helps nobody.
 * - `away`: no connection.
 * - `unsure`: anything else, mostly time-outs and elections; the records may have been written.
 */
export type KafkaFailure = { readonly message: string } & (
  | { readonly kind: 'refused'; readonly reason: RefusalReason }
  | { readonly kind: 'producer' | 'topic' | 'denied' | 'away' | 'unsure' }
)

export const REFUSAL_REASONS = ['too_large', 'refused'] as const
export type RefusalReason = (typeof REFUSAL_REASONS)[number]

/** Protocol error types, as kafkajs spells them. */
const TOO_LARGE = ['MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE']
const REFUSED = ['INVALID_RECORD', 'INVALID_TIMESTAMP']
const PRODUCER_LOST = [
  'OUT_OF_ORDER_SEQUENCE_NUMBER',
  'DUPLICATE_SEQUENCE_NUMBER',
  'INVALID_PRODUCER_EPOCH',
  'INVALID_PRODUCER_ID_MAPPING',
  'UNKNOWN_PRODUCER_ID',
]
const TOPIC_GONE = ['UNKNOWN_TOPIC_OR_PARTITION', 'INVALID_TOPIC_EXCEPTION']
const DENIED = [
  'SASL_AUTHENTICATION_FAILED',
  'UNSUPPORTED_SASL_MECHANISM',
  'TOPIC_AUTHORIZATION_FAILED',
  'CLUSTER_AUTHORIZATION_FAILED',
]

/** kafkajs wraps errors in errors; deeper than this it does not go. */
const MAX_DEPTH = 8

interface ErrorLike {
  readonly name?: unknown
  readonly message?: unknown
  readonly type?: unknown
  readonly cause?: unknown
  readonly errors?: unknown
}

export function classifyFailure(error: unknown): KafkaFailure {
  const chain = unwrap(error, MAX_DEPTH)
  const message = String(chain[0]?.message ?? error)
  const typed = (types: readonly string[]): boolean => chain.some(link => types.includes(String(link.type)))
  const named = (...names: string[]): boolean => chain.some(link => names.includes(String(link.name)))

  if (typed(TOO_LARGE)) return { kind: 'refused', reason: 'too_large', message }
  if (typed(REFUSED)) return { kind: 'refused', reason: 'refused', message }
  if (typed(DENIED) || named('KafkaJSSASLAuthenticationError')) return { kind: 'denied', message }
  if (typed(TOPIC_GONE)) return { kind: 'topic', message }
  // A TypeError inside kafkajs is its state gone wrong, never the records: those are plain strings.
  if (typed(PRODUCER_LOST) || named('TypeError', 'RangeError', 'PartialAcknowledgement')) {
    return { kind: 'producer', message }
  }
  if (named('KafkaJSConnectionError', 'KafkaJSConnectionClosedError')) return { kind: 'away', message }
  return { kind: 'unsure', message }
}

/** The error and all it was caused by. */
function unwrap(error: unknown, depth: number): ErrorLike[] {
  if (typeof error !== 'object' || error === null || depth === 0) return []
  const link = error as ErrorLike
  const inner = Array.isArray(link.errors) ? (link.errors as unknown[]) : []
  return [link, ...[link.cause, ...inner].flatMap(next => unwrap(next, depth - 1))]
}

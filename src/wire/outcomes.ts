/** The closed lists of what can become of a shadow copy and of a pair. Metrics, windows and records use these words. */

/** What a compared pair shows. A leg that failed or timed out is an outcome too. */
export const OUTCOMES = ['agree', 'disagree', 'shadow_error', 'primary_error', 'both_error', 'incomparable'] as const
export type Outcome = (typeof OUTCOMES)[number]

/** Why a sampled copy was never sent. */
export const DROP_REASONS = [
  'body_limit', // the request body is over the shadow's max_body
  'in_flight', // the shadow already has max_in_flight copies under way
  'memory', // the copies under way on the thread hold 32 MiB already
  'connections', // the shadow needs a new connection for each copy, and has had its 500 of this second and thread
  'unreachable', // connections to the shadow fail; ten copies a second go on trying
  'rate_ceiling', // the shadow has had its ceilings.per_second copies
  'daily_ceiling', // the shadow has had its ceilings.per_day copies, or ceilings.bytes_per_day, of this day (UTC)
  'not_json', // `set_body` needs JSON, and the request body is none, or is compressed
  'overloaded', // the thread sheds load, shadows first
  'upload_incomplete', // the client went away, or failed, before its whole body was here
  'primary_rejected', // the request never reached the primary: there is nothing to compare with
  'draining', // the process is shutting down
] as const
export type DropReason = (typeof DROP_REASONS)[number]

/** Why a sent copy did not become a pair: one of its legs has no outcome at all. */
export const UNPAIRED_REASONS = [
  'client_gone', // the client went away before the primary had answered
  'too_long', // the primary's answer is a stream that goes on for over 5 minutes
  'thread_crash', // the data-plane thread ended before both legs had
  'shutdown', // the legs were still under way at the shutdown deadline
] as const
export type UnpairedReason = (typeof UNPAIRED_REASONS)[number]

/** Why two answers could not be compared although both are there. */
export const INCOMPARABLE_REASONS = [
  'compare_off', // `compare: off`
  'not_captured', // the analysis thread was behind; the bodies were let go, the pair was counted
  'too_large', // an answer is over the capture limit, or comparing it costs more than compare.limits
  'truncated', // an answer ended early: a packed body, or lines of JSON
  'unknown_encoding', // content-encoding that is not identity, gzip, deflate, br or zstd, or does not decode
  'invalid_json', // not JSON where JSON was declared or expected, the same key twice, or nested over 256 deep
  'invalid_payload', // not what its protocol says: shape and data disagree, sizes lie, parts are missing
  'wrong_task', // decoded, but the declared task does not apply (text under `task: regression`)
  'not_text', // not UTF-8 where text was declared or a stream came; a rejection that is not JSON
  'failed', // the comparator itself failed; logged with the request id
] as const
export type IncomparableReason = (typeof INCOMPARABLE_REASONS)[number]

/** A zero for each word of a closed list: series and counts exist from the start. */
export function zeroes<K extends string>(words: readonly K[]): Record<K, number> {
  return Object.fromEntries(words.map(word => [word, 0])) as Record<K, number>
}

import { comparePair, legFailed } from '../analysis/compare/compare-pair.ts'
import { PairBodies } from '../analysis/pair-bodies.ts'
import type { ExperimentPlan } from '../config/snapshot.ts'
import type { Comparison } from '../sinks/findings.ts'
import type { SinkLog } from '../sinks/sink.ts'
import type { IncomparableReason } from '../wire/outcomes.ts'
import type { FrameLeg, PairFrame } from '../wire/pair-frame.ts'
import type { RecordedLeg, RecordedPair } from './read-record.ts'
import { recordedBody } from './recorded-body.ts'

/** Why a comparison is taken as it was recorded. */
export const KEPT_REASONS = [
  'equal_bytes', // the answers are equal byte for byte, and were not kept
  'failed_leg', // a leg has no answer to compare
  'not_compared', // the answers did not come to the comparison, and cannot now
  'no_bodies', // the record has no bodies, see `record.bodies`
  'cut', // a body is longer than `record.max_body`
  'withheld', // a body is left out because its fields cannot be redacted
  'redacted', // fields of a body are redacted
  'rewritten', // the answers are compared as text or bytes, and records carry JSON without its own white space
  'rounded', // a body has integers beyond 2^53, which records carry rounded
] as const
export type KeptReason = (typeof KEPT_REASONS)[number]

export type Recomputed =
  | { readonly kind: 'compared'; readonly comparison: Comparison }
  | { readonly kind: 'kept'; readonly reason: KeptReason }

/** These were found before any setting was asked, and the record does not have what was missing. */
const WITHOUT_ANSWERS: readonly IncomparableReason[] = ['not_captured', 'too_large', 'truncated', 'unknown_encoding']

const NO_BODY = Buffer.alloc(0)

/** Compares the answers of a record by the settings of `plan`, where it has both of them as they were. Never throws. */
export function recompute(pair: RecordedPair, plan: ExperimentPlan, log: SinkLog): Recomputed {
  if (pair.reason !== null && WITHOUT_ANSWERS.includes(pair.reason)) return kept('not_compared')
  const primary = recordedBody(pair.bodies.primary)
  const shadow = recordedBody(pair.bodies.shadow)
  const flaws = [primary, shadow].flatMap(each => (each.kind === 'flawed' ? [each.flaw] : []))
  if (primary.kind === 'flawed' || shadow.kind === 'flawed') {
    return kept(flaws.find(flaw => flaw !== 'no_bodies') ?? withoutBodies(pair))
  }
  const frame = frameOf(pair, primary.body, shadow.body)
  const comparison = comparePair(frame, plan, new PairBodies(frame), log)
  const isAsWritten = comparison.payload === 'text' || comparison.payload === 'bytes'
  if (isAsWritten && (primary.isRewritten || shadow.isRewritten)) return kept('rewritten')
  return { kind: 'compared', comparison }
}

function withoutBodies(pair: RecordedPair): KeptReason {
  if (pair.hasEqualBytes) return 'equal_bytes'
  const failed = [pair.primary, pair.shadow].some(each => legFailed(frameLeg(each, NO_BODY)))
  return failed ? 'failed_leg' : 'no_bodies'
}

/** Did the comparison decode both answers, because their bytes were not equal? */
function wasDecoded({ result, reason, task, hasEqualBytes }: RecordedPair): boolean {
  if (result === 'agree' || result === 'disagree') return task !== 'status' && !hasEqualBytes
  return result === 'incomparable' && reason !== 'compare_off'
}

/** The pair as the analysis thread had it, so far as a comparison looks at it. */
function frameOf(pair: RecordedPair, primaryBody: Buffer, shadowBody: Buffer): PairFrame {
  // A record carries JSON without its own white space: what differed in nothing else must not become equal bytes, which
  // agree before anything is decoded. JSON may end in white space.
  const lostWhiteSpace = primaryBody.equals(shadowBody) && wasDecoded(pair)
  const shadow = lostWhiteSpace ? Buffer.concat([shadowBody, Buffer.from('\n')]) : shadowBody
  return {
    revision: 0,
    experiment: 0,
    arrivedAtUs: pair.second * 1e6,
    sentFirst: 'primary',
    id: pair.id,
    requestId: pair.requestId,
    method: pair.method,
    path: pair.path,
    requestType: '',
    requestEncoding: '',
    requestBody: NO_BODY,
    requestBytes: 0,
    primary: frameLeg(pair.primary, primaryBody),
    shadow: frameLeg(pair.shadow, shadow),
    sameAnswer: false,
    unit: '',
    hasControl: false,
    // Records hold a session as the JSON that was compared.
    session: null,
  }
}

/** Records hold bodies without their content encoding. */
function frameLeg({ status, error, latencyUs, contentType, headerLength }: RecordedLeg, body: Buffer): FrameLeg {
  return {
    endpoint: 0,
    // JSON alone is recorded without its own white space.
    headerLength: Math.min(headerLength, body.length),
    arrivals: null,
    status,
    error,
    latencyUs,
    ttfbUs: 0,
    bytes: body.length,
    contentType,
    contentEncoding: '',
    capture: 'complete',
    body,
  }
}

function kept(reason: KeptReason): Recomputed {
  return { kind: 'kept', reason }
}

import type { ComparePlan, ExperimentPlan } from '../../config/snapshot.ts'
import type { Comparison } from '../../sinks/record.ts'
import type { SinkLog } from '../../sinks/sink.ts'
import type { IncomparableReason, Outcome } from '../../wire/outcomes.ts'
import type { FrameLeg, PairFrame } from '../../wire/pair-frame.ts'
import type { PairBodies } from '../pair-bodies.ts'
import { decodePayload, mayBeOip } from '../payloads/decode.ts'
import type { DecodedBody } from '../payloads/decode-body.ts'
import type { Payload } from '../payloads/payload.ts'
import { compareAnswers } from './compare-answers.ts'
import { CostCap, CostExceeded } from './cost-cap.ts'

const ERROR_KEY = Buffer.from('"error"')

/**
 * What this pair shows. In this order: a leg that failed decides; then answers with different statuses disagree; then
 * bodies that were not captured cannot be compared; then the bodies are compared, byte for byte before anything is decoded.
 * Never throws: a comparator that fails makes the pair `incomparable` with reason `failed`, and is logged.
 */
export function comparePair(
  frame: PairFrame,
  experiment: ExperimentPlan,
  bodies: PairBodies,
  log: SinkLog,
): Comparison {
  try {
    return compare(frame, experiment.compare, bodies)
  } catch (error) {
    log('error', 'comparing a pair failed; it is counted as incomparable', {
      experiment: experiment.id,
      requestId: frame.requestId,
      error: error instanceof Error ? (error.stack ?? error.message) : String(error),
    })
    return incomparable('failed')
  }
}

function compare(frame: PairFrame, plan: ComparePlan | null, bodies: PairBodies): Comparison {
  const { primary, shadow } = frame
  const failed = failedLegs(frame, plan, bodies)
  if (failed !== null) return plain(failed)
  if (plan === null) return incomparable('compare_off')
  if (primary.status !== shadow.status) {
    const difference = { path: '$status', kind: 'value', primary: primary.status, shadow: shadow.status } as const
    return { ...plain('disagree', 'status'), differences: [difference] }
  }
  const missing = uncaptured(primary) ?? uncaptured(shadow)
  if (missing !== null) return incomparable(missing)
  if (sameBytes(primary, shadow)) return { ...plain('agree', 'bytes'), metrics: { identical_bytes: 1 } }
  return compareBodies(frame, plan, bodies)
}

/** null: both legs have an answer. */
function failedLegs(frame: PairFrame, plan: ComparePlan | null, bodies: PairBodies): Outcome | null {
  const { primary, shadow } = frame
  const mayHideError = plan !== null && mayBeOip(plan.payload, frame.path)
  const primarySays = mayHideError && saysError(primary, plan, () => bodies.primary())
  // Most pairs are equal byte for byte, and then one look is enough.
  const isSame = primary.status === shadow.status && sameBytes(primary, shadow)
  const shadowSays = isSame ? primarySays : mayHideError && saysError(shadow, plan, () => bodies.shadow())
  const primaryFailed = legFailed(primary) || primarySays
  const shadowFailed = legFailed(shadow) || shadowSays
  if (primaryFailed) return shadowFailed ? 'both_error' : 'primary_error'
  return shadowFailed ? 'shadow_error' : null
}

/** No answer, a server error, or turned away for load. */
export function legFailed(leg: FrameLeg): boolean {
  return leg.error !== null || leg.status === 0 || leg.status >= 500 || leg.status === 429
}

/** A success of the Open Inference Protocol can say in its body that the model failed. Decoded only on suspicion. */
function saysError(leg: FrameLeg, { limits }: ComparePlan, decode: () => DecodedBody): boolean {
  if (leg.status >= 400 || leg.body.length === 0) return false
  const decoded = decode()
  if (decoded.kind !== 'body' || isOver(decoded, limits.bodyBytes) || !decoded.body.includes(ERROR_KEY)) return false
  return decodePayload('oip', '', '', decoded.body).kind === 'error'
}

function compareBodies(frame: PairFrame, plan: ComparePlan, bodies: PairBodies): Comparison {
  // The body of a rejection is a message, not a prediction.
  const rejected = frame.primary.status >= 400
  const declared = rejected ? 'json' : plan.payload
  const { bodyBytes, timeMs } = plan.limits
  if (isOver(bodies.primary(), bodyBytes) || isOver(bodies.shadow(), bodyBytes)) return incomparable('too_large')
  const cost = new CostCap(timeMs)
  let primary = decodeLeg(bodies.primary(), declared, frame.path, frame.primary)
  let shadow = decodeLeg(bodies.shadow(), declared, frame.path, frame.shadow)
  if (primary.kind === 'failed') return incomparable(reasonFor(primary.reason, rejected, plan))
  if (shadow.kind === 'failed') return incomparable(reasonFor(shadow.reason, rejected, plan))
  if (primary.kind !== shadow.kind || (plan.task === 'structure' && !hasStructure(primary))) {
    // One side only looks like a known protocol, or the fields themselves are asked for: what both have is JSON.
    primary = decodeLeg(bodies.primary(), 'json', frame.path, frame.primary)
    shadow = decodeLeg(bodies.shadow(), 'json', frame.path, frame.shadow)
    if (primary.kind === 'failed') return incomparable(primary.reason)
    if (shadow.kind === 'failed') return incomparable(shadow.reason)
  }
  try {
    return compareAnswers(primary, shadow, rejected ? { ...plan, task: 'structure' } : plan, cost)
  } catch (error) {
    if (error instanceof CostExceeded) return incomparable('too_large')
    throw error
  }
}

function isOver(decoded: DecodedBody, limitBytes: number): boolean {
  return decoded.kind === 'body' && decoded.body.length > limitBytes
}

/** Generations and embeddings keep the meaning of an answer, not its fields. */
function hasStructure({ kind }: Payload): boolean {
  return kind !== 'generations' && kind !== 'embeddings'
}

function decodeLeg(decoded: DecodedBody, declared: ComparePlan['payload'], path: string, leg: FrameLeg): Payload {
  return decoded.kind === 'body' ? decodePayload(declared, path, leg.contentType, decoded.body) : decoded
}

/** Nobody declared that rejections are JSON. */
function reasonFor(reason: IncomparableReason, rejected: boolean, plan: ComparePlan): IncomparableReason {
  return rejected && plan.payload === 'auto' && reason === 'invalid_json' ? 'not_text' : reason
}

function uncaptured(leg: FrameLeg): IncomparableReason | null {
  if (leg.capture === 'let_go') return 'not_captured'
  if (leg.capture === 'over_limit') return 'too_large'
  return leg.body.length < leg.bytes ? 'truncated' : null
}

function sameBytes(primary: FrameLeg, shadow: FrameLeg): boolean {
  return primary.contentEncoding === shadow.contentEncoding && primary.body.equals(shadow.body)
}

/** `task` none: nothing of the answers was compared. */
function plain(result: Outcome, task = 'none'): Comparison {
  return { result, task, metrics: {}, differences: [], truncated: false }
}

function incomparable(reason: IncomparableReason): Comparison {
  return { ...plain('incomparable'), reason }
}

import type { ComparePlan, ExperimentPlan } from '../../config/snapshot.ts'
import type { Comparison } from '../../sinks/findings.ts'
import type { SinkLog } from '../../sinks/sink.ts'
import type { IncomparableReason, Outcome } from '../../wire/outcomes.ts'
import type { FrameLeg, PairFrame } from '../../wire/pair-frame.ts'
import type { PairBodies } from '../pair-bodies.ts'
import { PairPayloads, type LegPayload } from '../pair-payloads.ts'
import type { Payload } from '../payloads/payload.ts'
import { compareAnswers } from './compare-answers.ts'
import { CostCap, CostExceeded } from './cost-cap.ts'

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
  const payloads = plan === null ? null : new PairPayloads(frame, plan, bodies)
  const failed = failedLegs(frame, payloads)
  if (failed !== null) return plain(failed)
  if (plan === null || payloads === null) return incomparable('compare_off')
  if (primary.status !== shadow.status) {
    const difference = { path: '$status', kind: 'value', primary: primary.status, shadow: shadow.status } as const
    return { ...plain('disagree', 'status'), differences: [difference] }
  }
  const missing = uncaptured(primary) ?? uncaptured(shadow)
  if (missing !== null) return incomparable(missing)
  if (sameBytes(primary, shadow)) return { ...plain('agree', 'bytes'), metrics: { identical_bytes: 1 } }
  return comparePayloads(frame, plan, payloads)
}

/** null: both legs have an answer. */
function failedLegs(frame: PairFrame, payloads: PairPayloads | null): Outcome | null {
  const { primary, shadow } = frame
  const primarySays = !legFailed(primary) && payloads?.saysError('primary') === true
  // Most pairs are equal byte for byte, and then one look is enough.
  const isSame = primary.status === shadow.status && sameBytes(primary, shadow)
  const shadowSays = isSame ? primarySays : !legFailed(shadow) && payloads?.saysError('shadow') === true
  const primaryFailed = legFailed(primary) || primarySays
  const shadowFailed = legFailed(shadow) || shadowSays
  if (primaryFailed) return shadowFailed ? 'both_error' : 'primary_error'
  return shadowFailed ? 'shadow_error' : null
}

/** No answer, a server error, or turned away for load. */
export function legFailed(leg: FrameLeg): boolean {
  return leg.error !== null || leg.status === 0 || leg.status >= 500 || leg.status === 429
}

function comparePayloads(frame: PairFrame, plan: ComparePlan, payloads: PairPayloads): Comparison {
  // Nobody declared a task for the message of a rejection.
  const rejected = frame.primary.status >= 400
  const cost = new CostCap(plan.limits.timeMs)
  const [primary, shadow] = comparablePayloads(plan, payloads)
  for (const { format, payload } of [primary, shadow]) {
    if (payload.kind === 'failed')
      return { ...incomparable(reasonFor(payload.reason, rejected, plan)), ...named(format) }
  }
  const asked: ComparePlan = rejected ? { ...plan, task: 'structure' } : plan
  try {
    return { ...compareAnswers(primary.payload, shadow.payload, asked, cost), ...named(primary.format) }
  } catch (error) {
    if (error instanceof CostExceeded) return { ...incomparable('too_large'), ...named(primary.format) }
    throw error
  }
}

/** One side may only look like a known protocol, and the fields themselves may be asked for: what both have is JSON. */
function comparablePayloads({ task }: ComparePlan, payloads: PairPayloads): readonly [LegPayload, LegPayload] {
  const own: readonly [LegPayload, LegPayload] = [payloads.of('primary'), payloads.of('shadow')]
  const [{ kind }, other] = [own[0].payload, own[1].payload]
  if (kind === 'failed' || other.kind === 'failed') return own
  return kind !== other.kind || (task === 'structure' && !hasStructure(kind)) ? payloads.bothAsJson() : own
}

/** Generations and embeddings keep the meaning of an answer, not its fields. */
function hasStructure(kind: Payload['kind']): boolean {
  return kind !== 'generations' && kind !== 'embeddings'
}

function named(format: LegPayload['format']): Pick<Comparison, 'payload'> {
  return format === null ? {} : { payload: format }
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
  return (
    primary.contentEncoding === shadow.contentEncoding &&
    primary.headerLength === shadow.headerLength &&
    primary.body.equals(shadow.body)
  )
}

/** `task` none: nothing of the answers was compared. */
function plain(result: Outcome, task = 'none'): Comparison {
  return { result, task, metrics: {}, differences: [], truncated: false }
}

function incomparable(reason: IncomparableReason): Comparison {
  return { ...plain('incomparable'), reason }
}

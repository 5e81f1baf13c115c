import { isGenerationRequest, SAMPLED_FIELDS_BYTES } from '../wire/generation-request.ts'
import type { FrameLeg } from '../wire/pair-frame.ts'
import type { Exchange } from './exchange.ts'
import type { ShadowSlot } from './shadow/slot.ts'
import type { LegOutcome } from './upstream/leg-outcome.ts'

const NO_BODY = Buffer.alloc(0)

/**
 * Step 9: the pair as the analysis thread gets it.
 * @returns false: the thread has more than it can take, and gets no bodies of this one
 */
export function handOver(exchange: Exchange, slot: ShadowSlot, live: LegOutcome, shadow: LegOutcome): boolean {
  const { head, session } = exchange
  const { bodies } = slot.shadow
  const sameAnswer = isSameAnswer(live, shadow)
  const wanted = bodies === 'all' || (bodies === 'where-answers-differ' && !sameAnswer)
  return exchange.plane.outbox.offer({
    revision: exchange.runtime.snapshot.revision,
    experiment: slot.shadow.plan.experiment,
    arrivedAtUs: exchange.assignedAtUs,
    sentFirst: live.startedAtUs <= shadow.startedAtUs ? 'primary' : 'shadow',
    id: exchange.id,
    requestId: exchange.requestId,
    unit: exchange.unit,
    method: head.method,
    path: head.path,
    requestType: head.headers['content-type'] ?? '',
    requestEncoding: session === null ? (head.headers['content-encoding'] ?? '') : session.agreement.extensions,
    requestBody: requestFor(exchange, slot, wanted),
    requestBytes: exchange.requestBody.bytes,
    primary: frameLeg(live, live.capture.body()),
    shadow: frameLeg(shadow, sameAnswer ? NO_BODY : shadow.capture.body()),
    sameAnswer,
    hasControl: exchange.hasControl,
    session: session === null ? null : session.endsOf(slot),
  })
}

/**
 * A record cuts a long body at `max_body`; one that is compressed, or the frames of a session, has to be whole to be read at
 * all. Where a request may ask for chance, its beginning goes along also when no record wants it.
 */
function requestFor({ requestBody, head, isSession }: Exchange, { shadow }: ShadowSlot, isRecorded: boolean): Buffer {
  if (isSession || head.headers['content-encoding'] !== undefined) return isRecorded ? requestBody.whole() : NO_BODY
  const asked = isGenerationRequest(shadow.payload, head.path) ? SAMPLED_FIELDS_BYTES : 0
  const limit = Math.max(asked, isRecorded ? shadow.recordedBytes : 0)
  return limit === 0 ? NO_BODY : requestBody.beginning(limit)
}

/** Byte for byte: then one of them is enough, and nobody needs to see the request again. */
function isSameAnswer(live: LegOutcome, shadow: LegOutcome): boolean {
  const complete = live.capture.state === 'complete' && shadow.capture.state === 'complete'
  return (
    complete &&
    live.error === null &&
    shadow.error === null &&
    live.status === shadow.status &&
    live.contentEncoding === shadow.contentEncoding &&
    live.headerLength === shadow.headerLength &&
    live.capture.body().equals(shadow.capture.body())
  )
}

function frameLeg(leg: LegOutcome, body: Buffer): FrameLeg {
  return {
    endpoint: leg.endpoint.index,
    status: leg.status,
    error: leg.error,
    latencyUs: leg.latencyUs,
    ttfbUs: leg.ttfbUs,
    bytes: leg.bytes,
    contentType: leg.contentType,
    contentEncoding: leg.contentEncoding,
    headerLength: leg.headerLength,
    capture: leg.capture.state,
    body,
    arrivals: leg.arrivals,
  }
}

import type { FrameLeg } from '../wire/pair-frame.ts'
import type { StreamTiming } from '../sinks/findings.ts'
import { firstTokenEnd } from './stream-events.ts'
import { isReadableStream, timeOf } from './stream-timing.ts'

/** Microseconds from dispatch to the first token of each leg. Infinity: it never came; null: it is not known. */
export interface FirstTokens {
  readonly primaryUs: number | null
  readonly shadowUs: number | null
}

/** What an answer says of it. `stream` null: it came in one piece. */
interface TimedAnswer {
  readonly status: number
  readonly latencyUs: number
  readonly stream: Pick<StreamTiming, 'firstTokenUs' | 'tokens'> | null
}

/** Of a pair as it crosses threads; null: no leg is a stream. Reads no further than to the first token. */
export function firstTokens(primary: FrameLeg, shadow: FrameLeg): FirstTokens | null {
  if (primary.arrivals === null && shadow.arrivals === null) return null
  return { primaryUs: ofLeg(primary), shadowUs: ofLeg(shadow) }
}

/** Of a recorded pair: the same as `firstTokens` said when it was counted. */
export function recordedFirstTokens(primary: TimedAnswer, shadow: TimedAnswer): FirstTokens | null {
  if (primary.stream === null && shadow.stream === null) return null
  return { primaryUs: ofAnswer(primary), shadowUs: ofAnswer(shadow) }
}

function ofLeg(leg: FrameLeg): number | null {
  if (leg.arrivals === null) return ofOnePiece(leg)
  if (!isReadableStream(leg)) return null
  const end = firstTokenEnd(leg.body, leg.contentType)
  return end === null ? Infinity : timeOf(leg.arrivals.points, end)
}

function ofAnswer(answer: TimedAnswer): number | null {
  const { stream } = answer
  if (stream === null) return ofOnePiece(answer)
  return stream.tokens === 0 ? Infinity : stream.firstTokenUs
}

/** All tokens come with its end. A rejection brings none, however quickly it returns. */
function ofOnePiece({ status, latencyUs }: Pick<TimedAnswer, 'status' | 'latencyUs'>): number {
  return status >= 400 ? Infinity : latencyUs
}

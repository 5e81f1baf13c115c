import type { ComparePlan, PayloadKind } from '../config/snapshot.ts'
import type { FrameLeg, PairFrame } from '../wire/pair-frame.ts'
import type { PairBodies } from './pair-bodies.ts'
import { decodePayload } from './payloads/decode.ts'
import type { DecodedBody } from './payloads/decode-body.ts'
import { beginsAsEventStream, hasStreamType } from './payloads/event-stream.ts'
import { undecoded, type Payload } from './payloads/payload.ts'
import type { PayloadFormat } from './payloads/protocol.ts'

const SWITCHING = 101
const ERROR_KEY = Buffer.from('"error"')

export interface LegPayload {
  /** null: the content encoding stood in the way. */
  readonly format: PayloadFormat | null
  readonly payload: Payload
}

type Side = 'primary' | 'shadow'

/** What the answers of one pair hold, each decoded when it is first asked for, and once. */
export class PairPayloads {
  readonly #frame: PairFrame
  readonly #declared: PayloadKind
  readonly #maxBytes: number
  readonly #bodies: PairBodies
  readonly #decoded: Record<Side, LegPayload | null> = { primary: null, shadow: null }

  /** An answer over the plan's limit is not decoded at all. */
  constructor(frame: PairFrame, { payload, limits }: Pick<ComparePlan, 'payload' | 'limits'>, bodies: PairBodies) {
    this.#frame = frame
    this.#declared = payload
    this.#maxBytes = limits.bodyBytes
    this.#bodies = bodies
  }

  of(side: Side): LegPayload {
    return (this.#decoded[side] ??= this.#decode(side, payloadOf(this.#frame[side].status, this.#declared)))
  }

  /** Both as JSON, for answers that are of different kinds. Lines of it beside a single value are a list. */
  bothAsJson(): readonly [LegPayload, LegPayload] {
    const primary = this.#decode('primary', 'json')
    const shadow = this.#decode('shadow', 'json')
    return primary.payload.kind === shadow.payload.kind ? [primary, shadow] : [asList(primary), asList(shadow)]
  }

  /** A success can say in its body that the model failed, and so can the end of a stream; a list of messages says none. */
  saysError(side: Side): boolean {
    const leg = this.#frame[side]
    if (leg.status >= 400 || leg.capture !== 'complete' || this.#frame.session !== null) return false
    const decoded = this.#body(side)
    if (decoded.kind === 'failed') return false
    const isSuspect = mayBeStream(leg, decoded.body) || decoded.body.includes(ERROR_KEY)
    return isSuspect && this.of(side).payload.kind === 'error'
  }

  #decode(side: Side, declared: PayloadKind): LegPayload {
    const decoded = this.#body(side)
    if (decoded.kind === 'failed') return { format: null, payload: decoded }
    const { contentType, headerLength } = this.#frame[side]
    return decodePayload(declared, { path: this.#frame.path, contentType, headerLength, body: decoded.body })
  }

  #body(side: Side): DecodedBody {
    const decoded = side === 'primary' ? this.#bodies.primary() : this.#bodies.shadow()
    if (decoded.kind === 'failed' || decoded.body.length <= this.#maxBytes) return decoded
    return undecoded('too_large', `${decoded.body.length} bytes, at most ${this.#maxBytes} are compared`)
  }
}

/**
 * The body of a rejection is a message, not a prediction: it is read as JSON. So is a session (101), a list of messages,
 * where its answers are declared to be of a protocol.
 */
function payloadOf(status: number, declared: PayloadKind): PayloadKind {
  if (status >= 400) return 'json'
  return status === SWITCHING && isProtocol(declared) ? 'json' : declared
}

function isProtocol(declared: PayloadKind): boolean {
  return declared === 'oip' || declared === 'tfserving' || declared === 'openai'
}

function asList({ format, payload }: LegPayload): LegPayload {
  return { format, payload: payload.kind === 'json_lines' ? { kind: 'json', value: payload.values } : payload }
}

function mayBeStream(leg: FrameLeg, body: Buffer): boolean {
  return hasStreamType(leg.contentType) || beginsAsEventStream(body)
}

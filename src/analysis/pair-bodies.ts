import type { FrameLeg, PairFrame } from '../wire/pair-frame.ts'
import { decodeBody, type DecodedBody } from './payloads/decode-body.ts'
import { messageList, sessionAnswers } from './session-bodies.ts'

/**
 * The bodies of one pair without their content encoding, each unpacked when it is first asked for, and once. Those of a
 * WebSocket session are the JSON of its messages.
 */
export class PairBodies {
  readonly #frame: PairFrame
  #request: DecodedBody | null = null
  #primary: DecodedBody | null = null
  #shadow: DecodedBody | null = null

  constructor(frame: PairFrame) {
    this.#frame = frame
  }

  request(): DecodedBody {
    const { session, requestBody, requestEncoding } = this.#frame
    const decode = session === null ? decodeBody : messageList
    return (this.#request ??= decode(requestBody, requestEncoding))
  }

  primary(): DecodedBody {
    this.#readSession()
    return (this.#primary ??= decodeLeg(this.#frame.primary))
  }

  shadow(): DecodedBody {
    this.#readSession()
    return (this.#shadow ??= decodeLeg(this.#frame.shadow))
  }

  /** How much of one side counts depends on the other. */
  #readSession(): void {
    const { session } = this.#frame
    if (session === null || this.#primary !== null) return
    const { primary, shadow } = sessionAnswers(this.#frame, session)
    this.#primary = primary
    this.#shadow = shadow
  }
}

function decodeLeg(leg: FrameLeg): DecodedBody {
  return decodeBody(leg.body, leg.contentEncoding)
}

/** The body, or null where it could not be unpacked or was not captured. */
export function bodyOrNull(decoded: DecodedBody): Buffer | null {
  return decoded.kind === 'body' ? decoded.body : null
}

import type { FrameLeg, PairFrame } from '../wire/pair-frame.ts'
import { decodeBody, type DecodedBody } from './payloads/decode-body.ts'

/** The bodies of one pair without their content encoding, each unpacked when it is first asked for, and once. */
export class PairBodies {
  readonly #frame: PairFrame
  #request: DecodedBody | null = null
  #primary: DecodedBody | null = null
  #shadow: DecodedBody | null = null

  constructor(frame: PairFrame) {
    this.#frame = frame
  }

  request(): DecodedBody {
    return (this.#request ??= decodeBody(this.#frame.requestBody, this.#frame.requestEncoding))
  }

  primary(): DecodedBody {
    return (this.#primary ??= decodeLeg(this.#frame.primary))
  }

  shadow(): DecodedBody {
    return (this.#shadow ??= decodeLeg(this.#frame.shadow))
  }
}

function decodeLeg(leg: FrameLeg): DecodedBody {
  return decodeBody(leg.body, leg.contentEncoding)
}

/** The body, or null where it could not be unpacked or was not captured. */
export function bodyOrNull(decoded: DecodedBody): Buffer | null {
  return decoded.kind === 'body' ? decoded.body : null
}

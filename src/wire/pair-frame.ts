import { ERROR_CODES, type ErrorCode } from '../errors.ts'
import { arrivalsBytes, arrivalsMark, decodeArrivals, encodeArrivals, type Arrivals } from './arrivals.ts'

/**
 * One settled pair as it crosses from a data-plane thread to the analysis thread: packed, little-endian, many to a
 * buffer. Strings are latin1 (HTTP header bytes). The layout lives in this file only and has no compatibility promise:
 * both ends are the same process.
 */
export interface PairFrame {
  /** Snapshot revision that `experiment` and the endpoint numbers refer to. */
  revision: number
  /** Index into that snapshot's experiments. */
  experiment: number
  /** Microseconds since the epoch. */
  arrivedAtUs: number
  sentFirst: 'primary' | 'shadow'
  id: string
  requestId: string
  /** What has one vote in its experiment; empty: the pair itself. */
  unit: string
  method: string
  path: string
  requestType: string
  requestEncoding: string
  /** Its beginning where a record would be cut anyway, see `requestBytes`; empty where nobody wants it. */
  requestBody: Buffer
  /** Of the whole request body. */
  requestBytes: number
  primary: FrameLeg
  shadow: FrameLeg
  /** The bodies of both answers are equal; they cross once, and the shadow's is empty while they do. */
  sameAnswer: boolean
  /** A control was sampled for the exchange as well: its pair, if there is one, comes in a frame of its own. */
  hasControl: boolean
  /** The legs were WebSocket sessions: all three bodies are frames of RFC 6455. null: a request and its answers. */
  session: SessionEnds | null
}

/**
 * How far each side of a session is known. `whole`: it had nothing more to say, or not in the time it was given. `cut`: the
 * comparison ended before the session did.
 */
export interface SessionEnds {
  readonly primary: 'whole' | 'cut'
  readonly shadow: 'whole' | 'cut'
}

export interface FrameLeg {
  /** Index into the upstream's endpoints. */
  endpoint: number
  /** HTTP status, 0 when no head arrived. */
  status: number
  error: ErrorCode | null
  /** From dispatch to the last byte, or to the failure. */
  latencyUs: number
  /** From dispatch to the head; 0 when no head arrived. */
  ttfbUs: number
  /** Body bytes seen, also those beyond the capture limit. */
  bytes: number
  contentType: string
  contentEncoding: string
  /** `Inference-Header-Content-Length`: bytes of JSON before the binary tensors, without the content encoding; 0: none. */
  headerLength: number
  capture: Capture
  body: Buffer
  /** null: the answer was no stream, or nobody wanted its body. */
  arrivals: Arrivals | null
}

/** `over_limit`: larger than the capture limit, body is empty. `let_go`: the outbox was full, body is empty. */
export type Capture = 'complete' | 'over_limit' | 'let_go'

const CAPTURES: readonly Capture[] = ['complete', 'over_limit', 'let_go']
const HEAD_BYTES = 50
const LEG_BYTES = 36
const U16_MAX = 0xffff
const U32_MAX = 0xffff_ffff

/** Bytes that `encodePairFrame` writes for this frame. */
export function pairFrameBytes(frame: PairFrame): number {
  return (
    HEAD_BYTES +
    2 * LEG_BYTES +
    clipped(frame.id) +
    clipped(frame.requestId) +
    clipped(frame.unit) +
    clipped(frame.method) +
    clipped(frame.path) +
    clipped(frame.requestType) +
    clipped(frame.requestEncoding) +
    frame.requestBody.length +
    legPartsBytes(frame.primary) +
    legPartsBytes(frame.shadow)
  )
}

/** Writes the frame at `offset` and returns the offset behind it. The target must have `pairFrameBytes(frame)` left. */
export function encodePairFrame(frame: PairFrame, target: Buffer, offset: number): number {
  target.writeUInt32LE(pairFrameBytes(frame), offset)
  target.writeUInt32LE(frame.revision, offset + 4)
  target.writeUInt16LE(frame.experiment, offset + 8)
  target.writeUInt16LE(flagsOf(frame), offset + 10)
  target.writeDoubleLE(frame.arrivedAtUs, offset + 12)
  target.writeUInt16LE(clipped(frame.id), offset + 20)
  target.writeUInt16LE(clipped(frame.requestId), offset + 22)
  target.writeUInt16LE(clipped(frame.method), offset + 24)
  target.writeUInt16LE(clipped(frame.path), offset + 26)
  target.writeUInt16LE(clipped(frame.requestType), offset + 28)
  target.writeUInt16LE(clipped(frame.requestEncoding), offset + 30)
  target.writeUInt32LE(frame.requestBody.length, offset + 32)
  target.writeDoubleLE(frame.requestBytes, offset + 36)
  target.writeUInt16LE(clipped(frame.unit), offset + 44)
  let at = encodeLegHead(frame.primary, target, offset + HEAD_BYTES)
  at = encodeLegHead(frame.shadow, target, at)
  // All texts in one: a write of its own for each took 1 us more for a pair, on the data-plane thread.
  const { primary, shadow } = frame
  const texts =
    clip(frame.id) +
    clip(frame.requestId) +
    clip(frame.unit) +
    clip(frame.method) +
    clip(frame.path) +
    clip(frame.requestType) +
    clip(frame.requestEncoding) +
    clip(primary.contentType) +
    clip(primary.contentEncoding) +
    clip(shadow.contentType) +
    clip(shadow.contentEncoding)
  at += target.write(texts, at, texts.length, 'latin1')
  at += frame.requestBody.copy(target, at)
  at += primary.body.copy(target, at)
  at += shadow.body.copy(target, at)
  return encodeArrivals(shadow.arrivals, target, encodeArrivals(primary.arrivals, target, at))
}

/**
 * Reads the frame at `offset`; bodies are views on `source`, so they must be copied if kept.
 * @throws RangeError when the bytes are not a whole frame.
 */
export function decodePairFrame(source: Buffer, offset: number): { frame: PairFrame; next: number } {
  const total = source.readUInt32LE(offset)
  const next = offset + total
  if (total < HEAD_BYTES + 2 * LEG_BYTES || next > source.length) throw new RangeError('not a whole pair frame')
  const primary = decodeLegHead(source, offset + HEAD_BYTES)
  const shadow = decodeLegHead(source, offset + HEAD_BYTES + LEG_BYTES)
  const flags = source.readUInt16LE(offset + 10)
  const idLength = source.readUInt16LE(offset + 20)
  const requestIdLength = source.readUInt16LE(offset + 22)
  const unitLength = source.readUInt16LE(offset + 44)
  const methodLength = source.readUInt16LE(offset + 24)
  const pathLength = source.readUInt16LE(offset + 26)
  const requestTypeLength = source.readUInt16LE(offset + 28)
  const requestEncodingLength = source.readUInt16LE(offset + 30)
  const requestTexts =
    idLength + requestIdLength + unitLength + methodLength + pathLength + requestTypeLength + requestEncodingLength
  const legTexts = primary.typeLength + primary.encodingLength + shadow.typeLength + shadow.encodingLength
  let at = offset + HEAD_BYTES + 2 * LEG_BYTES
  const texts = source.toString('latin1', at, (at += requestTexts + legTexts))
  let textAt = 0
  const text = (length: number): string => texts.slice(textAt, (textAt += length))
  const bytes = (length: number): Buffer => source.subarray(at, (at += length))
  const id = text(idLength)
  const requestId = text(requestIdLength)
  const unit = text(unitLength)
  const method = text(methodLength)
  const path = text(pathLength)
  const requestType = text(requestTypeLength)
  const requestEncoding = text(requestEncodingLength)
  primary.leg.contentType = text(primary.typeLength)
  primary.leg.contentEncoding = text(primary.encodingLength)
  shadow.leg.contentType = text(shadow.typeLength)
  shadow.leg.contentEncoding = text(shadow.encodingLength)
  const requestBody = bytes(source.readUInt32LE(offset + 32))
  primary.leg.body = bytes(primary.bodyLength)
  const sameAnswer = (flags & 2) === 2
  shadow.leg.body = sameAnswer ? primary.leg.body : bytes(shadow.bodyLength)
  primary.leg.arrivals = decodeArrivals(source, at, primary.arrivalsMark)
  at += arrivalsBytes(primary.leg.arrivals)
  shadow.leg.arrivals = decodeArrivals(source, at, shadow.arrivalsMark)
  const frame: PairFrame = {
    revision: source.readUInt32LE(offset + 4),
    experiment: source.readUInt16LE(offset + 8),
    arrivedAtUs: source.readDoubleLE(offset + 12),
    sentFirst: (flags & 1) === 1 ? 'shadow' : 'primary',
    id,
    requestId,
    unit,
    method,
    path,
    requestType,
    requestEncoding,
    requestBody,
    requestBytes: source.readDoubleLE(offset + 36),
    primary: primary.leg,
    shadow: shadow.leg,
    sameAnswer,
    hasControl: (flags & 4) === 4,
    session: sessionOf(flags),
  }
  return { frame, next }
}

function flagsOf({ sentFirst, sameAnswer, hasControl, session }: PairFrame): number {
  const flags = (sentFirst === 'shadow' ? 1 : 0) + (sameAnswer ? 2 : 0) + (hasControl ? 4 : 0)
  if (session === null) return flags
  return flags + 8 + (session.primary === 'whole' ? 16 : 0) + (session.shadow === 'whole' ? 32 : 0)
}

function sessionOf(flags: number): SessionEnds | null {
  if ((flags & 8) === 0) return null
  return { primary: (flags & 16) === 16 ? 'whole' : 'cut', shadow: (flags & 32) === 32 ? 'whole' : 'cut' }
}

function encodeLegHead(leg: FrameLeg, target: Buffer, at: number): number {
  target.writeUInt16LE(leg.endpoint, at)
  target.writeUInt16LE(leg.status, at + 2)
  target.writeUInt8(leg.error === null ? 0 : ERROR_CODES.indexOf(leg.error) + 1, at + 4)
  target.writeUInt8(CAPTURES.indexOf(leg.capture), at + 5)
  target.writeUInt16LE(clipped(leg.contentType), at + 6)
  target.writeUInt16LE(clipped(leg.contentEncoding), at + 8)
  target.writeUInt32LE(Math.min(U32_MAX, leg.latencyUs), at + 10)
  target.writeUInt32LE(Math.min(U32_MAX, leg.ttfbUs), at + 14)
  target.writeDoubleLE(leg.bytes, at + 18)
  target.writeUInt32LE(leg.body.length, at + 26)
  target.writeUInt32LE(Math.min(U32_MAX, leg.headerLength), at + 30)
  target.writeUInt16LE(arrivalsMark(leg.arrivals), at + 34)
  return at + LEG_BYTES
}

interface LegHead {
  leg: FrameLeg
  typeLength: number
  encodingLength: number
  bodyLength: number
  arrivalsMark: number
}

const EMPTY = Buffer.alloc(0)

function decodeLegHead(source: Buffer, at: number): LegHead {
  return {
    leg: {
      endpoint: source.readUInt16LE(at),
      status: source.readUInt16LE(at + 2),
      error: ERROR_CODES[source.readUInt8(at + 4) - 1] ?? null,
      capture: CAPTURES[source.readUInt8(at + 5)] ?? 'let_go',
      latencyUs: source.readUInt32LE(at + 10),
      ttfbUs: source.readUInt32LE(at + 14),
      bytes: source.readDoubleLE(at + 18),
      contentType: '',
      contentEncoding: '',
      headerLength: source.readUInt32LE(at + 30),
      body: EMPTY,
      arrivals: null,
    },
    typeLength: source.readUInt16LE(at + 6),
    encodingLength: source.readUInt16LE(at + 8),
    bodyLength: source.readUInt32LE(at + 26),
    arrivalsMark: source.readUInt16LE(at + 34),
  }
}

function legPartsBytes(leg: FrameLeg): number {
  return clipped(leg.contentType) + clipped(leg.contentEncoding) + leg.body.length + arrivalsBytes(leg.arrivals)
}

function clipped(text: string): number {
  return Math.min(text.length, U16_MAX)
}

function clip(text: string): string {
  return text.length > U16_MAX ? text.slice(0, U16_MAX) : text
}

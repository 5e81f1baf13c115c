/** When the pieces of a streamed body came. Where the pieces are cut says nothing: only what had come by when does. */
export interface Arrivals {
  /** Flat pairs that both grow: bytes of the body that had come, and microseconds from dispatch to then. */
  readonly points: Uint32Array
  /** Pieces that came after the list was full. */
  readonly missed: number
  /** Microseconds in which the answer was not read, because its client did not read. */
  readonly heldUs: number
}

const HEAD_BYTES = 8
const POINT_BYTES = 8

/** Bytes that `encodeArrivals` writes. */
export function arrivalsBytes(arrivals: Arrivals | null): number {
  return arrivals === null ? 0 : HEAD_BYTES + arrivals.points.byteLength
}

/** One more than there are points, 0 for none at all: what `decodeArrivals` has to know. */
export function arrivalsMark(arrivals: Arrivals | null): number {
  return arrivals === null ? 0 : arrivals.points.byteLength / POINT_BYTES + 1
}

/** Writes at `offset` and returns the offset behind it. Numbers are in the machine's order: they never leave it. */
export function encodeArrivals(arrivals: Arrivals | null, target: Buffer, offset: number): number {
  if (arrivals === null) return offset
  const { points, missed, heldUs } = arrivals
  target.writeUInt32LE(missed, offset)
  target.writeUInt32LE(heldUs, offset + 4)
  target.set(new Uint8Array(points.buffer, points.byteOffset, points.byteLength), offset + HEAD_BYTES)
  return offset + HEAD_BYTES + points.byteLength
}

/** Reads at `offset` what was written with this mark. The points are a copy: they must be aligned to be read. */
export function decodeArrivals(source: Buffer, offset: number, mark: number): Arrivals | null {
  if (mark === 0) return null
  const points = new Uint32Array((mark - 1) * 2)
  const start = offset + HEAD_BYTES
  new Uint8Array(points.buffer).set(source.subarray(start, start + points.byteLength))
  return { points, missed: source.readUInt32LE(offset), heldUs: source.readUInt32LE(offset + 4) }
}

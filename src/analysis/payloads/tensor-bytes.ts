import { isUtf8 } from 'node:buffer'
import { bf16, fp16 } from './half-floats.ts'
import type { Scalar } from './payload.ts'

/**
 * The values of a tensor from the raw bytes of the binary tensor extension: little-endian, row-major, `BYTES` elements each
 * behind a length of four bytes. Plain arrays, not typed ones: read by a comparator that also meets JSON tensors, typed
 * arrays made each access several times slower (measured over 1 536 floats, 5 us a pass against 0.9).
 * Returns what is wrong where the bytes are not exactly `count` values.
 */
export function tensorValues(bytes: Buffer, datatype: string, count: number): readonly Scalar[] | string {
  if (datatype === 'BYTES') return texts(bytes, count)
  const size = ELEMENT_BYTES.get(datatype)
  if (size === undefined) return `unknown datatype ${datatype.slice(0, 20)}`
  if (bytes.length !== count * size)
    return `${bytes.length} bytes where ${count} values of ${datatype} need ${count * size}`
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  switch (datatype) {
    case 'BOOL':
      return truths(bytes)
    case 'FP32':
      return floats32(view, count)
    case 'INT64':
    case 'UINT64':
      return integers64(view, count, datatype === 'INT64')
    default:
      return numbers(view, count, size, READERS[datatype as keyof typeof READERS])
  }
}

const ELEMENT_BYTES: ReadonlyMap<string, number> = new Map([
  ['BOOL', 1],
  ['INT8', 1],
  ['UINT8', 1],
  ['INT16', 2],
  ['UINT16', 2],
  ['INT32', 4],
  ['UINT32', 4],
  ['INT64', 8],
  ['UINT64', 8],
  ['FP16', 2],
  ['BF16', 2],
  ['FP32', 4],
  ['FP64', 8],
])

type Read = (view: DataView, at: number) => number

const READERS = {
  INT8: (view, at) => view.getInt8(at),
  UINT8: (view, at) => view.getUint8(at),
  INT16: (view, at) => view.getInt16(at, true),
  UINT16: (view, at) => view.getUint16(at, true),
  INT32: (view, at) => view.getInt32(at, true),
  UINT32: (view, at) => view.getUint32(at, true),
  FP16: (view, at) => fp16(view.getUint16(at, true)),
  BF16: (view, at) => bf16(view.getUint16(at, true)),
  FP64: (view, at) => view.getFloat64(at, true),
} satisfies Record<string, Read>

/** Of its full length from the start: growing took several times as long. */
function listOf<T>(count: number): T[] {
  const list: T[] = []
  list.length = count
  return list
}

function numbers(view: DataView, count: number, size: number, read: Read): number[] {
  const values = listOf<number>(count)
  for (let i = 0; i < count; i++) values[i] = read(view, i * size)
  return values
}

/** A copy of a list of fractions has room for fractions from the start; a new list has to be made anew for the first of them. */
const FRACTIONS: readonly number[] = Array.from({ length: 4096 }, () => 0.5)

/** Embeddings are of this type and long: a loop of their own. */
function floats32(view: DataView, count: number): number[] {
  const values = count <= FRACTIONS.length ? FRACTIONS.slice(0, count) : listOf<number>(count)
  for (let i = 0; i < count; i++) values[i] = view.getFloat32(i * 4, true)
  return values
}

/** Numbers as far as they are exact, as in JSON; bigint beyond. */
function integers64(view: DataView, count: number, isSigned: boolean): (number | bigint)[] {
  const values = listOf<number | bigint>(count)
  for (let i = 0; i < count; i++) {
    const high = isSigned ? view.getInt32(i * 8 + 4, true) : view.getUint32(i * 8 + 4, true)
    const value = high * 2 ** 32 + view.getUint32(i * 8, true)
    if (Number.isSafeInteger(value)) values[i] = value
    else values[i] = isSigned ? view.getBigInt64(i * 8, true) : view.getBigUint64(i * 8, true)
  }
  return values
}

function truths(bytes: Buffer): boolean[] | string {
  const odd = bytes.findIndex(byte => byte > 1)
  return odd === -1 ? Array.from(bytes, byte => byte === 1) : `data[${odd}] is not of type BOOL`
}

function texts(bytes: Buffer, count: number): string[] | string {
  const values: string[] = []
  let at = 0
  while (at < bytes.length) {
    const end = at + 4 > bytes.length ? Infinity : at + 4 + bytes.readUInt32LE(at)
    if (end > bytes.length) return `the element ${values.length} ends beyond its tensor`
    values.push(bytesAsText(bytes.subarray(at + 4, end)))
    at = end
  }
  return values.length === count ? values : `${values.length} elements where the shape needs ${count}`
}

/** The text, or `base64:...` of bytes that are none: two different elements never look the same. */
export function bytesAsText(bytes: Buffer): string {
  return isUtf8(bytes) ? bytes.toString('utf8') : `base64:${bytes.toString('base64')}`
}

import { base64Bytes } from './base64.ts'
import { isObject } from './json-value.ts'
import { MAX_DIMENSIONS } from './oip.ts'
import type { Scalar, Tensor } from './payload.ts'
import { bytesAsText } from './tensor-bytes.ts'

/**
 * The tensor in nested lists of scalars, all of one kind and equally long at each level; null: the value is none. The
 * datatype is told by the values, because JSON does not: fractions, NaN and infinities are FP64, whole numbers INT64 unless
 * their rows are one-hot scores. `{"b64": ...}` is a BYTES element.
 */
export function tensorOf(name: string, value: unknown, place: readonly (string | number)[]): Tensor | null {
  const shape: number[] = []
  for (let level = value; Array.isArray(level); level = level[0]) {
    if (shape.length === MAX_DIMENSIONS) return null
    shape.push(level.length)
  }
  const data: Scalar[] = []
  if (!append(value, shape, 0, data)) return null
  const datatype = datatypeOf(data, shape)
  return datatype === null ? null : { name, shape, datatype, data, place }
}

/** false: not rectangular, or something else than scalars in it. */
function append(value: unknown, shape: readonly number[], level: number, into: Scalar[]): boolean {
  const size = shape[level]
  if (size === undefined) {
    const scalar = asScalar(value)
    if (scalar !== null) into.push(scalar)
    return scalar !== null
  }
  return Array.isArray(value) && value.length === size && value.every(item => append(item, shape, level + 1, into))
}

function asScalar(value: unknown): Scalar | null {
  switch (typeof value) {
    case 'number':
    case 'bigint':
    case 'string':
    case 'boolean':
      return value
    default: {
      const bytes = isObject(value) && typeof value['b64'] === 'string' ? base64Bytes(value['b64']) : null
      return bytes === null ? null : bytesAsText(bytes)
    }
  }
}

/** null: of more than one kind. */
function datatypeOf(data: readonly Scalar[], shape: readonly number[]): string | null {
  const kinds = new Set(data.map(item => (typeof item === 'bigint' ? 'number' : typeof item)))
  if (kinds.size > 1) return null
  if (kinds.has('string')) return 'BYTES'
  if (kinds.has('boolean')) return 'BOOL'
  const isWhole = data.every(item => typeof item === 'bigint' || Number.isInteger(item))
  return isWhole && !isOneHot(data, shape) ? 'INT64' : 'FP64'
}

/** Saturated probabilities: rows of two or more with one 1 among zeros. A single list of ones and zeros is labels. */
function isOneHot(data: readonly Scalar[], shape: readonly number[]): boolean {
  const columns = shape.at(-1) ?? 1
  if (shape.length < 2 || columns < 2 || !data.every(item => item === 0 || item === 1)) return false
  for (let start = 0; start < data.length; start += columns) {
    let ones = 0
    for (let i = start; i < start + columns; i++) ones += data[i] === 1 ? 1 : 0
    if (ones !== 1) return false
  }
  return data.length > 0
}

import { INTEGER_DATATYPES } from '../payloads/oip.ts'
import type { Scalar, Tensor } from '../payloads/payload.ts'

/** What the values of a tensor are, as far as one can see. */
export type Meaning = 'distribution' | 'labels' | 'numbers' | 'unknown'

const SUM_SLACK = 1e-3

/**
 * A float tensor whose rows are probabilities that sum to one is a distribution; integers, texts and truth values are
 * labels; other floats are numbers, where each row has one, or of unknown meaning.
 */
export function recogniseTensor(tensor: Tensor): Meaning {
  if (isLabelType(tensor.datatype)) return 'labels'
  const columns = rowLength(tensor.shape)
  if (columns < 2 || tensor.data.length === 0) return 'numbers'
  for (let start = 0; start < tensor.data.length; start += columns) {
    if (!isDistribution(tensor.data, start, columns)) return tensor.shape.length > 1 ? 'unknown' : 'numbers'
  }
  return 'distribution'
}

/** Values of one row: the last dimension; a tensor of one dimension is one row. */
export function rowLength(shape: readonly number[]): number {
  return shape.at(-1) ?? 1
}

export function isDistribution(data: ArrayLike<Scalar>, start: number, columns: number): boolean {
  let sum = 0
  for (let i = start; i < start + columns; i++) {
    const p = data[i]
    if (typeof p !== 'number' || !(p >= 0 && p <= 1)) return false
    sum += p
  }
  return Math.abs(sum - 1) <= SUM_SLACK
}

export function isLabelType(datatype: string): boolean {
  return datatype === 'BYTES' || datatype === 'BOOL' || INTEGER_DATATYPES.has(datatype)
}

import type { Scalar, Tensor } from '../payloads/payload.ts'

export interface JsonPrediction {
  /** Where it is in the answer. */
  readonly steps: readonly string[]
  readonly tensor: Tensor
}

/**
 * The prediction in a plain JSON answer, for a task that the user declared: `predictions` (KServe V1, TensorFlow Serving) or
 * else the whole answer, when that is a label, a list of labels, a list of numbers, or a list of equally long lists of numbers.
 * null: nothing of that kind.
 */
export function jsonPrediction(value: unknown): JsonPrediction | null {
  const wrapped = typeof value === 'object' && value !== null && 'predictions' in value
  const prediction: unknown = wrapped ? value.predictions : value
  const tensor = asTensor(prediction)
  return tensor === null ? null : { steps: wrapped ? ['predictions'] : [], tensor }
}

function asTensor(value: unknown): Tensor | null {
  if (isScalar(value)) return tensorOf([1], [value])
  if (!Array.isArray(value) || value.length === 0) return null
  if (value.every(isScalar)) return tensorOf([value.length], value)
  const columns = Array.isArray(value[0]) ? value[0].length : 0
  const isTable = value.every(row => Array.isArray(row) && row.length === columns && row.every(isScalar))
  return columns > 0 && isTable ? tensorOf([value.length, columns], value.flat() as Scalar[]) : null
}

/** JSON does not tell integers from floats: a list of whole numbers is labels; fractions and tables are scores. */
function tensorOf(shape: readonly number[], data: readonly Scalar[]): Tensor | null {
  if (data.every(item => typeof item === 'number' || typeof item === 'bigint')) {
    const floats = shape.length > 1 || data.some(item => typeof item === 'number' && !Number.isInteger(item))
    return { name: '', shape, datatype: floats ? 'FP64' : 'INT64', data }
  }
  const type = typeof data[0]
  if (!data.every(item => typeof item === type)) return null
  return { name: '', shape, datatype: type === 'boolean' ? 'BOOL' : 'BYTES', data }
}

function isScalar(value: unknown): value is Scalar {
  return (
    typeof value === 'number' || typeof value === 'string' || typeof value === 'boolean' || typeof value === 'bigint'
  )
}

import { PIXELS } from './digits.ts'

/** An infer request of the Open Inference Protocol, checked. */
export interface InferRequest {
  /** Echoed in the answer. */
  readonly id: string | null
  /** One image each: PIXELS numbers. */
  readonly rows: readonly (readonly number[])[]
}

/** What is wrong with a request; the message is for its sender. */
export class InvalidRequest extends Error {}

export const INPUT_NAME = 'pixels'
const INPUT_DATATYPES = ['FP32', 'FP64', 'INT32', 'INT64', 'UINT8'] as const
/** Rows of one request: bounds the time a request may take the model's only thread. */
export const MAX_ROWS = 256

/** Reads the JSON text of a request. @throws InvalidRequest */
export function parseInferRequest(text: string): InferRequest {
  const request = parseObject(text)
  const { id, inputs } = request
  if (id !== undefined && typeof id !== 'string') throw new InvalidRequest('id must be a string')
  if (!Array.isArray(inputs) || inputs.length !== 1) {
    throw new InvalidRequest(`inputs must be a list with one tensor, "${INPUT_NAME}"`)
  }
  return { id: id ?? null, rows: readRows(inputs[0]) }
}

function parseObject(text: string): Record<string, unknown> {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw new InvalidRequest(`the body is not JSON: ${(error as Error).message}`)
  }
  if (!isObject(value)) throw new InvalidRequest('the body is not a JSON object')
  return value
}

function readRows(input: unknown): number[][] {
  if (!isObject(input)) throw new InvalidRequest('inputs[0] is not an object')
  const { name, shape, datatype, data } = input
  if (name !== INPUT_NAME) throw new InvalidRequest(`inputs[0].name must be "${INPUT_NAME}"`)
  if (!(INPUT_DATATYPES as readonly unknown[]).includes(datatype)) {
    throw new InvalidRequest(`inputs[0].datatype must be one of ${INPUT_DATATYPES.join(', ')}`)
  }
  const rows = rowCount(shape)
  const values = flatten(data, rows)
  return Array.from({ length: rows }, (_, row) => values.slice(row * PIXELS, (row + 1) * PIXELS))
}

function rowCount(shape: unknown): number {
  const [rows, columns, ...more] = Array.isArray(shape) ? (shape as unknown[]) : []
  if (!Number.isInteger(rows) || columns !== PIXELS || more.length > 0) {
    throw new InvalidRequest(`inputs[0].shape must be [n, ${PIXELS}]`)
  }
  const count = rows as number
  if (count < 1 || count > MAX_ROWS) throw new InvalidRequest(`inputs[0].shape: n must be from 1 to ${MAX_ROWS}`)
  return count
}

/** `data` may be one flat list, row after row, or a list of rows. */
function flatten(data: unknown, rows: number): number[] {
  if (!Array.isArray(data)) throw new InvalidRequest('inputs[0].data must be a list (binary tensors are not supported)')
  const nested = data.some(Array.isArray)
  if (nested && !(data.length === rows && data.every(row => Array.isArray(row) && row.length === PIXELS))) {
    throw new InvalidRequest(`inputs[0].data must hold ${rows} rows of ${PIXELS} numbers`)
  }
  const values: unknown[] = data.flat()
  if (values.length !== rows * PIXELS) {
    throw new InvalidRequest(`inputs[0].data holds ${values.length} values, the shape needs ${rows * PIXELS}`)
  }
  const wrong = values.findIndex(value => typeof value !== 'number' || !Number.isFinite(value))
  if (wrong !== -1) throw new InvalidRequest(`inputs[0].data: value ${wrong} is not a number`)
  return values as number[]
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

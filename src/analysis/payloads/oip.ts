import { parseJson } from './json.ts'
import { errorMessage, isObject, textOrNull } from './json-value.ts'
import { undecoded, type Payload, type Scalar, type Tensor } from './payload.ts'
import type { Answer, Protocol } from './protocol.ts'
import { tensorValues } from './tensor-bytes.ts'

/** Deeper tensors do not exist; the bound keeps a hostile body from exhausting the stack. */
export const MAX_DIMENSIONS = 32

const NO_BYTES = Buffer.alloc(0)

/** The infer call of the Open Inference Protocol (KServe V2), which Triton, MLServer, KServe and others speak. */
export const OIP: Protocol = {
  format: 'oip',
  path: /\/v2\/models\/[^/]+(?:\/versions\/[^/]+)?\/infer$/,
  pathInWords: '/v2/models/{model}/infer',
  isAnswer: value => isObject(value) && Array.isArray(value['outputs']),
  isUnmistakable: value => isObject(value) && Array.isArray(value['outputs']) && value['outputs'].some(isOutput),
  decode: value => decodeOip(value),
  stream: null,
}

/**
 * Reads an answer with the binary tensor extension: `headerLength` bytes of JSON, then the tensors that have a
 * `binary_data_size`, in the order of the outputs. All bytes must belong to one of them. Never throws.
 */
export function decodeBinaryOip({ body, headerLength }: Answer): Payload {
  if (headerLength > body.length) {
    return undecoded('invalid_payload', `${headerLength} bytes of JSON announced, the answer has ${body.length}`)
  }
  const json = parseJson(body.subarray(0, headerLength))
  if (json.kind === 'not_json') return undecoded('invalid_json', json.detail)
  return decodeOip(json.value, body.subarray(headerLength))
}

/**
 * Reads an infer answer; `binary` are the bytes behind its JSON. `data` may be nested or flat, row-major either way; it must
 * hold what `shape` and `datatype` say, else `invalid_payload`. `{"error"}` is a failed call. Never throws.
 */
export function decodeOip(value: unknown, binary: Buffer = NO_BYTES): Payload {
  if (!isObject(value)) return undecoded('invalid_payload', 'the answer is not a JSON object')
  const outputs = value['outputs']
  if (!Array.isArray(outputs)) {
    const message = errorMessage(value)
    return message === null ? undecoded('invalid_payload', 'the answer has no outputs') : { kind: 'error', message }
  }
  const tensors: Tensor[] = []
  const names = new Set<string>()
  let at = 0
  for (const [index, output] of outputs.entries()) {
    const size = binarySize(output)
    if (size > binary.length - at)
      return undecoded('invalid_payload', `outputs[${index}]: its bytes end beyond the answer`)
    const tensor = decodeOutput(output, size < 0 ? null : binary.subarray(at, (at += size)))
    if (typeof tensor === 'string') return undecoded('invalid_payload', `outputs[${index}]: ${tensor}`)
    if (names.has(tensor.name)) return undecoded('invalid_payload', `outputs[${index}]: a second "${tensor.name}"`)
    names.add(tensor.name)
    tensors.push(tensor)
  }
  if (at < binary.length) return undecoded('invalid_payload', `${binary.length - at} bytes belong to no output`)
  return {
    kind: 'tensors',
    tensors,
    model: textOrNull(value['model_name']),
    modelVersion: textOrNull(value['model_version']),
  }
}

function isOutput(output: unknown): boolean {
  return (
    isObject(output) &&
    typeof output['name'] === 'string' &&
    typeof output['datatype'] === 'string' &&
    isShape(output['shape'])
  )
}

/** Bytes of this output behind the JSON; -1: its data is in the JSON, Infinity: what it says is no size. */
function binarySize(output: unknown): number {
  const parameters = isObject(output) ? output['parameters'] : undefined
  const size = isObject(parameters) ? parameters['binary_data_size'] : undefined
  if (size === undefined) return -1
  return typeof size === 'number' && Number.isSafeInteger(size) && size >= 0 ? size : Infinity
}

/** The tensor, or what is wrong with it. `binary`: its bytes, when they are not in the JSON. */
function decodeOutput(output: unknown, binary: Buffer | null): Tensor | string {
  if (!isObject(output)) return 'not an object'
  const { name, shape, datatype, data } = output
  if (typeof name !== 'string') return 'no name'
  if (typeof datatype !== 'string') return 'no datatype'
  if (!isShape(shape)) return 'no shape'
  if (binary !== null) {
    if (data !== undefined) return 'data both in JSON and behind it'
    const values = tensorValues(binary, datatype, valuesOf(shape))
    return typeof values === 'string' ? values : { name, shape, datatype, data: values }
  }
  if (!Array.isArray(data)) return 'no data'
  const flat = flatten(data, shape)
  if (typeof flat === 'string') return flat
  const values = typedValues(flat, datatype)
  return typeof values === 'string' ? values : { name, shape, datatype, data: values }
}

function isShape(shape: unknown): shape is number[] {
  return (
    Array.isArray(shape) &&
    shape.length <= MAX_DIMENSIONS &&
    shape.every(size => Number.isSafeInteger(size) && size >= 0)
  )
}

function valuesOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1)
}

function flatten(data: readonly unknown[], shape: readonly number[]): readonly unknown[] | string {
  const expected = valuesOf(shape)
  const nested = Array.isArray(data[0])
  const flat: unknown[] = []
  if (nested) {
    const sizes = nestedSizes(data)
    if (withoutOnes(sizes).join() !== withoutOnes(shape).join() || !appendRows(data, sizes, 0, flat)) {
      return `data does not have the shape [${shape.join()}]`
    }
  }
  const values = nested ? flat : data
  return values.length === expected
    ? values
    : `${values.length} values where the shape [${shape.join()}] needs ${expected}`
}

function nestedSizes(data: unknown): number[] {
  const sizes: number[] = []
  for (let level = data; Array.isArray(level) && sizes.length <= MAX_DIMENSIONS; level = level[0])
    sizes.push(level.length)
  return sizes
}

/** Dimensions of size one carry no information: [2] and [2,1] hold the same. */
export function withoutOnes(shape: readonly number[]): number[] {
  return shape.filter(size => size !== 1)
}

/** false: the rows are not all of the same size, or not all equally deep. */
function appendRows(data: readonly unknown[], sizes: readonly number[], level: number, into: unknown[]): boolean {
  if (data.length !== sizes[level]) return false
  for (const item of data) {
    if (level === sizes.length - 1) into.push(item)
    else if (!Array.isArray(item) || !appendRows(item, sizes, level + 1, into)) return false
  }
  return true
}

/** The values in the form of their datatype, without a copy where they have it already; or what is wrong. */
function typedValues(values: readonly unknown[], datatype: string): readonly Scalar[] | string {
  const convert = converter(datatype)
  if (convert === null) return `unknown datatype ${datatype.slice(0, 20)}`
  let converted: Scalar[] | null = null
  for (let i = 0; i < values.length; i++) {
    const value = convert(values[i])
    if (value === undefined) return `data[${i}] is not of type ${datatype}`
    if (converted === null && !Object.is(value, values[i])) converted = values.slice(0, i) as Scalar[]
    if (converted !== null) converted.push(value)
  }
  return converted ?? (values as readonly Scalar[])
}

type Convert = (value: unknown) => Scalar | undefined

function converter(datatype: string): Convert | null {
  switch (datatype) {
    case 'BOOL':
      return asBoolean
    case 'BYTES':
      return asText
    case 'FP16':
    case 'FP32':
    case 'FP64':
    case 'BF16':
      return asFloat
    default:
      return INTEGER_DATATYPES.has(datatype) ? asInteger : null
  }
}

export const INTEGER_DATATYPES: ReadonlySet<string> = new Set([
  'INT8',
  'INT16',
  'INT32',
  'INT64',
  'UINT8',
  'UINT16',
  'UINT32',
  'UINT64',
])

function asBoolean(value: unknown): boolean | undefined {
  if (typeof value === 'boolean') return value
  return value === 0 || value === 1 ? value === 1 : undefined
}

function asText(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

/** MLServer's JSON writer has no NaN and writes null for it. */
function asFloat(value: unknown): number | undefined {
  if (typeof value === 'number') return value
  if (value === null) return Number.NaN
  return typeof value === 'bigint' ? Number(value) : undefined
}

function asInteger(value: unknown): number | bigint | undefined {
  return typeof value === 'number' || typeof value === 'bigint' ? value : undefined
}

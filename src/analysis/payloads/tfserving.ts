import { errorMessage, isObject } from './json-value.ts'
import { tensorOf } from './json-tensor.ts'
import { undecoded, type Payload, type Tensor } from './payload.ts'
import type { Answer, Protocol } from './protocol.ts'

const PATH = /\/v1\/models\/([^/:]+)(?:\/(?:versions|labels)\/([^/:]+))?:(?:predict|classify|regress)$/

/**
 * TensorFlow Serving's REST calls and KServe V1, which shares `:predict`. `predictions` is in rows, `outputs` in columns;
 * either may be values or named outputs. Values that are no rectangular lists of scalars are compared as JSON.
 */
export const TFSERVING: Protocol = {
  format: 'tfserving',
  path: PATH,
  pathInWords: '/v1/models/{model}:predict, :classify or :regress',
  isAnswer: value => isObject(value) && partOf(value) !== undefined,
  isUnmistakable: () => false,
  decode: decodeTfServing,
  stream: null,
}

/** The keys under which answers lie. The documents name `result` and show `results`. */
const PARTS = ['predictions', 'outputs', 'results', 'result'] as const
type Part = (typeof PARTS)[number]

function partOf(value: Readonly<Record<string, unknown>>): Part | undefined {
  return PARTS.find(part => value[part] !== undefined)
}

function decodeTfServing(value: unknown, { path }: Answer): Payload {
  if (!isObject(value)) return undecoded('invalid_payload', 'the answer is not a JSON object')
  const part = partOf(value)
  if (part === undefined) {
    const message = errorMessage(value)
    return message === null
      ? undecoded('invalid_payload', 'the answer has neither predictions nor outputs')
      : { kind: 'error', message }
  }
  const tensors = tensorsOf(part, value[part])
  if (tensors === null) return { kind: 'json', value }
  const [, model = null, modelVersion = null] = PATH.exec(path.split('?', 1)[0] ?? '') ?? []
  return { kind: 'tensors', tensors, model, modelVersion }
}

/** null: not made of rectangular lists. */
function tensorsOf(part: Part, value: unknown): Tensor[] | null {
  switch (part) {
    case 'predictions':
      return rows(value) ?? single(part, value)
    case 'outputs':
      return isObject(value) ? columns(value) : single(part, value)
    default:
      return classes(part, value) ?? single(part, value)
  }
}

function single(part: Part, value: unknown): Tensor[] | null {
  const tensor = tensorOf(part === 'result' ? 'results' : part, value, [part])
  return tensor === null ? null : [tensor]
}

/** A row for each instance, each an object with the same outputs: one tensor an output. null: it is no such list. */
function rows(value: unknown): Tensor[] | null {
  if (!Array.isArray(value) || value.length === 0 || !value.every(isNamedOutputs)) return null
  const names = Object.keys(value[0] ?? {})
  if (value.some(row => Object.keys(row).length !== names.length)) return null
  const tensors = names.map(name =>
    tensorOf(
      name,
      value.map(row => row[name]),
      ['predictions', '*', name],
    ),
  )
  return tensors.every(tensor => tensor !== null) ? tensors : null
}

/** `{"b64": ...}` is a value, not outputs. */
function isNamedOutputs(row: unknown): row is Readonly<Record<string, unknown>> {
  return isObject(row) && typeof row['b64'] !== 'string'
}

function columns(value: Readonly<Record<string, unknown>>): Tensor[] | null {
  const tensors = Object.entries(value).map(([name, column]) => tensorOf(name, column, ['outputs', name]))
  return tensors.length > 0 && tensors.every(tensor => tensor !== null) ? tensors : null
}

/** `:classify` answers with a list of [label, score] for each example. null: it is no such list. */
function classes(part: Part, value: unknown): Tensor[] | null {
  if (!Array.isArray(value) || value.length === 0) return null
  const examples = value as readonly unknown[]
  if (!examples.every(isLabelsAndScores)) return null
  const labels = tensorOf(
    'labels',
    examples.map(pairs => pairs.map(([label]) => label)),
    [part],
  )
  const scores = tensorOf(
    'scores',
    examples.map(pairs => pairs.map(([, score]) => score)),
    [part],
  )
  return labels === null || scores === null ? null : [labels, scores]
}

function isLabelsAndScores(example: unknown): example is readonly (readonly [string, number])[] {
  return Array.isArray(example) && example.length > 0 && example.every(isLabelAndScore)
}

function isLabelAndScore(pair: unknown): boolean {
  return Array.isArray(pair) && pair.length === 2 && typeof pair[0] === 'string' && typeof pair[1] === 'number'
}

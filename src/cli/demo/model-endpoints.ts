import { mostProbable, type Classifier } from './classifier.ts'
import { CLASSES, PIXELS } from './digits.ts'
import { INPUT_NAME, InvalidRequest, parseInferRequest } from './infer-request.ts'

export const MODEL_NAME = 'digits'

/** The model as its server presents it. */
export interface ServedModel {
  readonly version: string
  readonly classifier: Classifier
}

export interface ModelAnswer {
  readonly status: number
  readonly body: unknown
}

type Endpoint = { readonly method: 'GET' | 'POST'; readonly answer: (model: ServedModel, body: string) => ModelAnswer }

/** Below `/v2/models/digits` and below `/v2/models/digits/versions/V`. */
const MODEL_ENDPOINTS: Readonly<Record<string, Endpoint>> = {
  '': { method: 'GET', answer: metadata },
  '/ready': { method: 'GET', answer: ({ version }) => ok({ name: MODEL_NAME, version, ready: true }) },
  '/infer': { method: 'POST', answer: infer },
}

const SERVER_ENDPOINTS: Readonly<Record<string, Endpoint>> = {
  '/v2': { method: 'GET', answer: ({ version }) => ok({ name: 'understudy-demo', version, extensions: [] }) },
  '/v2/health/live': { method: 'GET', answer: () => ok({ live: true }) },
  '/v2/health/ready': { method: 'GET', answer: () => ok({ ready: true }) },
}

/** Answers one call of the Open Inference Protocol's REST form. `path` is without query. Never throws. */
export function answerModelCall(model: ServedModel, method: string, path: string, body: string): ModelAnswer {
  const endpoint = SERVER_ENDPOINTS[path] ?? modelEndpoint(model, path)
  if (endpoint === undefined)
    return failure(404, `nothing at ${path}; the model is "${MODEL_NAME}", version "${model.version}"`)
  const asked = method === 'HEAD' ? 'GET' : method
  if (asked !== endpoint.method) return failure(405, `${path} takes ${endpoint.method}, not ${method}`)
  try {
    return endpoint.answer(model, body)
  } catch (error) {
    if (error instanceof InvalidRequest) return failure(400, error.message)
    return failure(500, `the model failed: ${(error as Error).message}`)
  }
}

export function failure(status: number, error: string): ModelAnswer {
  return { status, body: { error } }
}

function modelEndpoint(model: ServedModel, path: string): Endpoint | undefined {
  const match = /^\/v2\/models\/([^/]+)(?:\/versions\/([^/]+))?(|\/ready|\/infer)$/.exec(path)
  if (match === null || match[1] !== MODEL_NAME) return undefined
  const version = match[2] ?? model.version
  return version === model.version ? MODEL_ENDPOINTS[match[3] as string] : undefined
}

function metadata({ version, classifier }: ServedModel): ModelAnswer {
  return ok({
    name: MODEL_NAME,
    versions: [version],
    platform: classifier.platform,
    inputs: [{ name: INPUT_NAME, datatype: 'FP32', shape: [-1, PIXELS] }],
    outputs: [
      { name: 'probabilities', datatype: 'FP32', shape: [-1, CLASSES] },
      { name: 'label', datatype: 'INT64', shape: [-1] },
    ],
  })
}

function infer({ version, classifier }: ServedModel, body: string): ModelAnswer {
  const { id, rows } = parseInferRequest(body)
  const probabilities = rows.map(pixels => classifier.probabilities(pixels))
  return ok({
    model_name: MODEL_NAME,
    model_version: version,
    ...(id === null ? {} : { id }),
    outputs: [
      { name: 'probabilities', datatype: 'FP32', shape: [rows.length, CLASSES], data: probabilities.flat() },
      { name: 'label', datatype: 'INT64', shape: [rows.length], data: probabilities.map(mostProbable) },
    ],
  })
}

function ok(body: unknown): ModelAnswer {
  return { status: 200, body }
}

import { describe, expect, test } from 'vitest'
import { decodeBody } from '../../../../src/analysis/payloads/decode-body.ts'
import { decodePayload } from '../../../../src/analysis/payloads/decode.ts'
import { capturedAnswer } from '../../../support/captures.ts'
import { INFER_PATH } from '../../../support/pairs.ts'

function decoded(name: string, path = INFER_PATH) {
  const { headers, body } = capturedAnswer(name)
  const plain = decodeBody(body, headers.get('content-encoding') ?? '')
  if (plain.kind !== 'body') throw new Error(plain.detail)
  return decodePayload('auto', path, headers.get('content-type') ?? '', plain.body)
}

describe('decodePayload on what real servers send', () => {
  test('MLServer', () => {
    expect(decoded('mlserver-triton-json')).toEqual({
      kind: 'tensors',
      model: 'digits',
      modelVersion: 'v1',
      tensors: [{ name: 'predict', shape: [2, 1], datatype: 'INT64', data: [5, 6] }],
    })
  })

  test('MLServer, gzip, with probabilities', () => {
    const payload = decoded('mlserver-curl-proba-gzipresp')
    if (payload.kind !== 'tensors') throw new Error(payload.kind)
    const proba = payload.tensors.find(tensor => tensor.name === 'predict_proba')
    expect(proba).toMatchObject({ shape: [2, 10], datatype: 'FP64' })
    const sum = (proba?.data ?? []).reduce<number>((total, p) => total + Number(p), 0)
    expect(sum).toBeCloseTo(2, 9)
  })

  test('Triton', () => {
    expect(decoded('triton-json')).toMatchObject({
      kind: 'tensors',
      modelVersion: '1',
      tensors: [{ name: 'predict_label', data: [5, 6] }],
    })
  })

  test('Triton with binary tensors is told apart, not misread', () => {
    expect(decoded('triton-bin')).toMatchObject({ kind: 'failed', reason: 'invalid_json' })
  })

  test('Triton: an error', () => {
    expect(decoded('triton-curl-400')).toMatchObject({
      kind: 'error',
      message: expect.stringContaining('unexpected shape'),
    })
  })

  test('KServe V1', () => {
    expect(decoded('kserve-v1-predict', '/v1/models/digits:predict')).toEqual({
      kind: 'json',
      value: { predictions: [5, 6] },
    })
  })

  test('text where JSON is expected, and where it is not', () => {
    expect(decoded('mlserver-curl-500')).toMatchObject({ kind: 'failed', reason: 'invalid_json' })
    expect(decoded('mlserver-curl-500', '/say')).toMatchObject({ kind: 'failed', reason: 'not_text' })
  })
})

describe('decodePayload', () => {
  const oip = Buffer.from('{"outputs":[{"name":"y","shape":[1],"datatype":"INT64","data":[5]}]}')

  test.each([
    ['/v2/models/m/infer', 'tensors'],
    ['/v2/models/m/versions/3/infer', 'tensors'],
    ['/gateway/v2/models/m/infer?trace=1', 'tensors'],
    ['/v2/models/m/generate', 'json'],
    ['/predict?next=/v2/models/m/infer', 'json'],
  ])('recognises the protocol by the path %s: %s', (path, kind) => {
    expect(decodePayload('auto', path, '', oip).kind).toBe(kind)
  })

  test('goes by what was declared rather than by the path', () => {
    expect(decodePayload('oip', '/predict', '', oip).kind).toBe('tensors')
    expect(decodePayload('json', INFER_PATH, '', oip).kind).toBe('json')
    expect(decodePayload('oip', '/predict', '', Buffer.from('{}'))).toMatchObject({ reason: 'invalid_payload' })
    expect(decodePayload('json', '/predict', 'text/plain', Buffer.from('hi'))).toMatchObject({ reason: 'invalid_json' })
  })
})

import { describe, expect, test } from 'vitest'
import type { Payload } from '../../../../src/analysis/payloads/payload.ts'
import { capturedAnswer, capturedExchanges } from '../../../support/captures.ts'
import { decodedCapture } from '../../../support/decoded.ts'
import { INFER_PATH } from '../../../support/pairs.ts'

const DIGITS = [5, 6]
/** Streams that their client broke off, or that the server gave up. */
const CUT = new Set(['llamacpp-interrupted#0', 'llamacpp-interrupted.1#0', 'llamacpp-openai-js#1'])

/** The kind of payload that a successful answer on this path has. */
function expectedKind(method: string, path: string): Payload['kind'] {
  if (method === 'GET') return 'text'
  return path === '/v1/chat/completions' ? 'generations' : 'tensors'
}

const tensorsOf = (name: string) => {
  const { payload } = decodedCapture(INFER_PATH, capturedAnswer(name))
  if (payload.kind !== 'tensors') throw new Error(payload.kind)
  return payload.tensors
}

describe('every recorded exchange', () => {
  const exchanges = capturedExchanges()

  test('is there', () => {
    expect(exchanges.length).toBe(26)
  })

  test.each(exchanges)('$name decodes, or is the failure that it was', ({ name, method, path, answer }) => {
    const { payload } = decodedCapture(path, answer)
    if (answer.status === 200) expect(payload.kind).toBe(CUT.has(name) ? 'error' : expectedKind(method, path))
    else expect(payload).toMatchObject(answer.status === 500 ? { reason: 'invalid_json' } : {})
  })

  test.each(exchanges.filter(({ method, answer }) => method === 'POST' && answer.status === 200))(
    '$name holds what the model said',
    ({ path, answer }) => {
      const { payload } = decodedCapture(path, answer)
      if (payload.kind === 'tensors') expect(payload.tensors[0]?.data).toEqual(DIGITS)
      if (payload.kind === 'generations') expect(payload.choices[0]?.text.length).toBeGreaterThan(20)
    },
  )
})

describe('the same prediction is the same', () => {
  test('in JSON and in binary tensors of Triton', () => {
    expect(tensorsOf('triton-bin')).toEqual(tensorsOf('triton-json'))
    expect(tensorsOf('triton-bin-2out')[0]).toEqual(tensorsOf('triton-json')[0])
  })

  test('in the JSON of MLServer, gzipped, and the binary tensors of Triton, but for the last digit that MLServer prints', () => {
    const [, mlserver] = tensorsOf('mlserver-curl-proba-gzipresp')
    const [, triton] = tensorsOf('triton-bin-2out')
    expect(mlserver).toMatchObject({ name: 'predict_proba', shape: [2, 10], datatype: 'FP64' })
    expect(triton).toMatchObject({ name: 'predict_proba', shape: [2, 10], datatype: 'FP64' })
    const pairs = (mlserver?.data ?? []).map((value, i) => [Number(value), Number(triton?.data[i])] as const)
    expect(pairs.length).toBe(20)
    for (const [ours, theirs] of pairs) expect(Math.abs(ours / theirs - 1)).toBeLessThanOrEqual(2 ** -52)
  })

  test('when MLServer invents an id for each answer', () => {
    const answers = capturedExchanges().filter(({ name }) => name.startsWith('mlserver-triton-keepalive-noid'))
    const payloads = answers
      .filter(({ method }) => method === 'POST')
      .map(({ path, answer }) => decodedCapture(path, answer))
    expect(payloads.length).toBe(5)
    for (const payload of payloads) expect(payload).toEqual(payloads[0])
  })
})

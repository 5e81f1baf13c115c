import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { comparePair } from '../../../../src/analysis/compare/compare-pair.ts'
import { PairBodies } from '../../../../src/analysis/pair-bodies.ts'
import { capturedAnswer } from '../../../support/captures.ts'
import { compare } from '../../../support/compare.ts'
import { floats, labels, oipAnswer } from '../../../support/oip.ts'
import { capturedLeg, experimentPlan, leg, pairFrame } from '../../../support/pairs.ts'

const GOOD = oipAnswer([labels('y', [5])])
const NO_HEAD = leg('', { status: 0, error: 'UPSTREAM_TIMEOUT', contentType: '' })

const rejection = (error: string) => leg(JSON.stringify({ error }), { status: 400 })
const text = (body: string, changes = {}) => leg(body, { contentType: 'text/plain', ...changes })
const deep = (inner: string) => leg(`${'['.repeat(200_000)}${inner}${']'.repeat(200_000)}`)

const manyItems = (offset: number) => JSON.stringify(Array.from({ length: 5000 }, (_, i) => ({ id: i * 2 + offset })))

describe('a leg that failed decides', () => {
  test.each([
    ['no answer', NO_HEAD],
    ['cut short', leg(GOOD, { error: 'UPSTREAM_RESET' })],
    ['a server error', leg('oops', { status: 500 })],
    ['turned away', leg('later', { status: 429 })],
    ['an error in a 200', leg('{"error":"CUDA out of memory"}')],
  ])('%s', (_what, failed) => {
    expect(compare(GOOD, failed).result).toBe('shadow_error')
    expect(compare(failed, GOOD).result).toBe('primary_error')
    expect(compare(failed, NO_HEAD).result).toBe('both_error')
  })

  test('before everything else, compare: off included', () => {
    expect(compare(GOOD, NO_HEAD, null).result).toBe('shadow_error')
    expect(compare(leg('', { capture: 'let_go' }), NO_HEAD).result).toBe('shadow_error')
  })

  test('two equal answers may both be errors', () => {
    const error = leg(gzipSync('{"error":"out of memory"}'), { contentEncoding: 'gzip' })
    expect(compare(error, error).result).toBe('both_error')
    expect(compare('{"error":"x"}', '{"error":"x"}', {}, { path: '/plain' }).result).toBe('agree')
  })

  test('the same message is an error in a 200 and a rejection in a 404', () => {
    expect(compare('{"error":"x"}', leg('{"error":"x"}', { status: 404 })).result).toBe('primary_error')
  })
})

describe('statuses', () => {
  test('different ones disagree, bodies or not', () => {
    const rejected = leg('no', { status: 404, capture: 'over_limit' })
    expect(compare(GOOD, rejected)).toMatchObject({
      result: 'disagree',
      task: 'status',
      differences: [{ path: '$status', kind: 'value', primary: 200, shadow: 404 }],
    })
  })

  test('equal rejections are compared as JSON', () => {
    expect(compare(rejection('bad'), rejection('bad')).result).toBe('agree')
    expect(compare(rejection('bad shape'), rejection('bad type'), { task: 'classification' })).toMatchObject({
      result: 'disagree',
      task: 'structure',
      differences: [{ path: '$.error' }],
    })
    expect(compare(rejection('a'), rejection('b'), { ignore: [['error']] }).result).toBe('agree')
    const gone = { status: 404 }
    expect(compare(text('gone', gone), text('not here', gone))).toMatchObject({
      result: 'incomparable',
      reason: 'not_text',
    })
  })
})

describe('what cannot be compared says why', () => {
  const other = leg(oipAnswer([labels('y', [6])]))

  test.each([
    ['not_captured', leg('', { capture: 'let_go', bytes: 10 })],
    ['too_large', leg('', { capture: 'over_limit', bytes: 10 })],
    ['truncated', leg(GOOD, { bytes: GOOD.length + 1 })],
    ['truncated', leg(gzipSync(GOOD).subarray(0, 30), { contentEncoding: 'gzip' })],
    ['unknown_encoding', leg(GOOD, { contentEncoding: 'lzma' })],
    ['invalid_json', leg('{"outputs":')],
    ['invalid_payload', leg(oipAnswer([floats('y', [2], [1])]))],
    ['invalid_json', deep('1')],
  ])('%s', (reason, odd) => {
    for (const [primary, shadow] of [
      [odd, other],
      [other, odd],
    ] as const) {
      expect(compare(primary, shadow)).toMatchObject({ result: 'incomparable', reason })
    }
  })

  test('too_large: an answer over the limit of the comparison is not decoded', () => {
    const limits = { bodyBytes: 1000, timeMs: 10_000 }
    const big = oipAnswer([
      labels(
        'y',
        Array.from({ length: 1000 }, (_, i) => i),
      ),
    ])
    for (const [primary, shadow] of [
      [leg(big), other],
      [other, leg(gzipSync(big), { contentEncoding: 'gzip' })],
    ] as const) {
      expect(compare(primary, shadow, { limits })).toMatchObject({ result: 'incomparable', reason: 'too_large' })
    }
    expect(compare(GOOD, other, { limits }).result).toBe('disagree')
    const failed = oipAnswer([labels('y', [1])], { error: 'x'.repeat(1000) })
    expect(compare(failed, other, { limits })).toMatchObject({ reason: 'too_large' })
  })

  test('too_large: a comparison over its time ends', () => {
    const fields = [{ path: [], tolerance: null, order: 'set' }] as const
    const started = performance.now()
    const comparison = compare(
      manyItems(0),
      manyItems(1),
      { fields, limits: { bodyBytes: 1e6, timeMs: 20 } },
      { path: '/x' },
    )
    expect(comparison).toEqual({
      result: 'incomparable',
      reason: 'too_large',
      task: 'none',
      payload: 'json',
      metrics: {},
      differences: [],
      truncated: false,
    })
    // Without the limit it is 12 million comparisons of items.
    expect(performance.now() - started).toBeLessThan(1000)
  })

  test('compare_off', () => {
    expect(compare(GOOD, GOOD, null)).toMatchObject({ result: 'incomparable', reason: 'compare_off' })
  })

  test('not_text', () => {
    const [one, other] = [leg(Buffer.from([0xff, 1])), leg(Buffer.from([0xff, 2]))]
    expect(compare(one, other, { payload: 'text' })).toMatchObject({ reason: 'not_text' })
  })

  test('failed, with a line in the log that leads to the request', () => {
    const frame = pairFrame(leg('{"a":1}'), leg('{"a":2}'))
    const lines: string[] = []
    const broken = new PairBodies(frame)
    broken.primary = () => {
      throw new Error('out of paper')
    }
    const comparison = comparePair(frame, experimentPlan(), broken, (level, message, fields) => {
      lines.push(`${level} ${message} ${fields['requestId']} ${fields['error']}`)
    })
    expect(comparison).toMatchObject({ result: 'incomparable', reason: 'failed' })
    expect(lines).toEqual([expect.stringMatching(/^error comparing a pair failed.* request-1 Error: out of paper/)])
  })
})

describe('bodies', () => {
  test('equal bytes agree without being decoded', () => {
    const frame = pairFrame(leg('not even JSON'), leg('not even JSON'))
    const bodies = new PairBodies(frame)
    bodies.shadow = () => {
      throw new Error('decoded')
    }
    expect(comparePair(frame, experimentPlan(), bodies, () => {})).toMatchObject({
      result: 'agree',
      task: 'bytes',
      metrics: { identical_bytes: 1 },
    })
  })

  test('the same answer packed differently is decoded and agrees', () => {
    const packed = leg(gzipSync(GOOD), { contentEncoding: 'gzip' })
    expect(compare(GOOD, packed)).toMatchObject({ result: 'agree', task: 'classification' })
  })

  test('real MLServer and Triton answers with the same labels: only the tensor name differs', () => {
    const mlserver = capturedLeg(capturedAnswer('mlserver-triton-json'))
    const triton = capturedLeg(capturedAnswer('triton-json'))
    expect(compare(mlserver, triton)).toMatchObject({
      result: 'disagree',
      differences: [
        { path: '$.outputs[0]', kind: 'missing', primary: 'predict INT64 [2,1]' },
        { path: '$.outputs[0]', kind: 'extra', shadow: 'predict_label INT64 [2,1]' },
      ],
    })
  })

  test('two versions on one server agree although id, version, key order and shape differ', () => {
    const { body } = capturedAnswer('mlserver-triton-json')
    const next = `{"outputs":[{"data":[5,6],"shape":[2],"datatype":"INT64","name":"predict"}],"model_version":"v2","model_name":"digits","id":"other","parameters":null}`
    expect(compare(leg(body), next)).toMatchObject({ result: 'agree', task: 'classification', differences: [] })
  })

  test('real probabilities of two rows', () => {
    const answer = capturedLeg(capturedAnswer('mlserver-curl-proba-gzipresp'))
    const plain = new PairBodies(pairFrame(answer, answer)).primary()
    if (plain.kind !== 'body') throw new Error(plain.detail)
    expect(compare(answer, leg(plain.body))).toMatchObject({
      result: 'agree',
      task: 'classification',
      metrics: { jsd: 0, flips: 0 },
    })
  })

  test('tensors are ignored by name or by position', () => {
    const primary = oipAnswer([labels('y', [5]), floats('score', [1], [1.5])])
    const shadow = oipAnswer([labels('y', [5]), floats('score', [1], [9.5])])
    expect(compare(primary, shadow).result).toBe('disagree')
    expect(compare(primary, shadow, { ignore: [['outputs', 'score']] }).result).toBe('agree')
    expect(compare(primary, shadow, { ignore: [['outputs', 1]] }).result).toBe('agree')
    expect(compare(primary, shadow, { ignore: [['outputs', 0]] }).result).toBe('disagree')
  })

  test('tensors are matched by name, not by place', () => {
    const outputs = [labels('y', [5]), floats('score', [1], [1.5])]
    expect(compare(oipAnswer(outputs), oipAnswer(outputs.toReversed())).result).toBe('agree')
  })

  test('another shape is a difference of size', () => {
    expect(compare(oipAnswer([labels('y', [5, 6])]), oipAnswer([labels('y', [5])]))).toMatchObject({
      differences: [{ path: '$.outputs[0].data', kind: 'size', primary: [2], shadow: [1] }],
    })
  })

  test('what is not recognised the same on both sides is compared value by value', () => {
    const primary = oipAnswer([floats('y', [2], [0.4, 0.6])])
    expect(compare(primary, oipAnswer([floats('y', [2], [0.4, 0.7])]))).toMatchObject({
      result: 'disagree',
      task: 'structure',
      differences: [{ path: '$.outputs[0].data[1]', kind: 'value', primary: 0.6, shadow: 0.7 }],
    })
  })

  test('when one side only has outputs, both are compared as JSON', () => {
    expect(compare(GOOD, '{"predictions":[5]}')).toMatchObject({ result: 'disagree', task: 'structure' })
  })
})

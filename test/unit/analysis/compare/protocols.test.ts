import { describe, expect, test } from 'vitest'
import { ANY_CHILD } from '../../../../src/config/snapshot.ts'
import { compare } from '../../../support/compare.ts'
import { EVENT_STREAM, eventStream } from '../../../support/decoded.ts'
import { labels, oipAnswer } from '../../../support/oip.ts'
import { leg } from '../../../support/pairs.ts'

const GOOD = oipAnswer([labels('y', [5])])

const chat = (content: string, finish_reason = 'stop') => ({
  choices: [{ index: 0, delta: { content }, finish_reason }],
})

const stream = (...events: unknown[]) => leg(eventStream(...events), { contentType: EVENT_STREAM })

const rows = (score: number) =>
  JSON.stringify({
    predictions: [
      { label: 'a', score },
      { label: 'b', score: 0.5 },
    ],
  })

describe('predictions of every protocol', () => {
  const CHAT = { path: '/v1/chat/completions' }
  const whole = stream(chat('hi'), '[DONE]')

  test.each([
    ['OpenAI', '/v1/chat/completions', { error: { message: 'no memory' } }],
    ['TensorFlow Serving', '/v1/models/m:predict', { error: 'no memory' }],
    ['Triton generate', '/v2/models/m/generate', { error: 'no memory' }],
    ['TGI', '/generate', { error: 'no memory', error_type: 'generation' }],
  ])('%s: an error in a 200 makes the leg fail', (_name, path, error) => {
    expect(compare('{"a":1}', JSON.stringify(error), {}, { path }).result).toBe('shadow_error')
    expect(compare(JSON.stringify(error), JSON.stringify(error), {}, { path }).result).toBe('both_error')
    expect(compare('{"a":1}', JSON.stringify(error), { payload: 'json' }, { path }).result).toBe('disagree')
  })

  test('a stream without its end, or without anything, makes the leg fail', () => {
    for (const cut of [stream(chat('hi')), stream(chat('hi', ''), '[DONE]'), stream()]) {
      expect(compare(whole, cut, {}, CHAT).result).toBe('shadow_error')
      expect(compare(cut, whole, {}, CHAT).result).toBe('primary_error')
      expect(compare(cut, cut, {}, CHAT).result).toBe('both_error')
    }
    const untyped = leg(eventStream(chat('hi')), { contentType: '' })
    expect(compare(whole, untyped, {}, CHAT).result).toBe('shadow_error')
    expect(compare(whole, whole, {}, CHAT)).toMatchObject({ result: 'agree', task: 'bytes' })
  })

  test('the record names what was read', () => {
    expect(compare(GOOD, oipAnswer([labels('y', [6])]))).toMatchObject({ payload: 'oip' })
    expect(compare('{"a":1}', '{"a":2}', {}, { path: '/x' })).toMatchObject({ payload: 'json' })
    expect(compare(GOOD, '{"outputs":5}')).toMatchObject({ payload: 'json', result: 'disagree' })
    expect(compare(GOOD, '{"outputs":')).toMatchObject({ payload: 'oip', reason: 'invalid_json' })
    expect(compare(GOOD, GOOD)).not.toHaveProperty('payload')
  })

  test('binary tensors agree with the same in JSON, and only with those', () => {
    const json = '{"outputs":[{"name":"y","datatype":"INT64","shape":[1],"parameters":{"binary_data_size":8}}]}'
    const binary = (value: number) => {
      const body = Buffer.concat([Buffer.from(json), Buffer.from([value, 0, 0, 0, 0, 0, 0, 0])])
      return leg(body, { contentType: 'application/octet-stream', headerLength: json.length })
    }
    expect(compare(GOOD, binary(5))).toMatchObject({ result: 'agree', task: 'classification' })
    expect(compare(GOOD, binary(6))).toMatchObject({ result: 'disagree', task: 'classification' })
    // The same bytes without the header are no answer that a client could read.
    expect(compare(binary(5), { ...binary(5), headerLength: 0 })).toMatchObject({ reason: 'invalid_json' })
  })

  test('predictions of TensorFlow Serving are told by real paths, and can be ignored by them', () => {
    const path = '/v1/models/m:predict'
    expect(compare(rows(0.5), rows(0.9), {}, { path })).toMatchObject({
      result: 'disagree',
      payload: 'tfserving',
      differences: [{ path: '$.predictions["*"].score[0]', primary: 0.5, shadow: 0.9 }],
    })
    const ignore = [['predictions', ANY_CHILD, 'score']]
    expect(compare(rows(0.5), rows(0.9), { ignore }, { path }).result).toBe('agree')
    expect(compare(rows(0.5), rows(0.9), { ignore: [['predictions']] }, { path }).result).toBe('agree')
  })
})

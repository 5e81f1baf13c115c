import { describe, expect, test } from 'vitest'
import { decoded, EVENT_STREAM, eventStream } from '../../../support/decoded.ts'

const PATH = '/v2/models/m/generate'
const stream = (...events: unknown[]) => {
  return decoded(`${PATH}_stream`, eventStream(...events), { contentType: EVENT_STREAM }).payload
}
const piece = (text_output: unknown) => ({ model_name: 'm', model_version: '1', text_output })
const infer = (...outputs: object[]) => ({ model_name: 'm', outputs })
const bytes = (name: string, data: unknown[]) => ({ name, shape: [data.length], datatype: 'BYTES', data })

describe("Triton's generate", () => {
  test('one text, or several', () => {
    expect(decoded(PATH, piece('hi')).payload).toEqual({
      kind: 'generations',
      model: 'm',
      choices: [{ index: 0, text: 'hi', toolCalls: [], finishReason: null, refusal: null, steps: ['text_output'] }],
      usage: null,
      isStreamed: false,
    })
    expect(decoded(PATH, piece(['a', 'b'])).payload).toMatchObject({
      choices: [{ text: 'a' }, { index: 1, text: 'b' }],
    })
  })

  test('an error in a 200', () => {
    expect(decoded(PATH, { error: 'no memory' }).payload).toEqual({ kind: 'error', message: 'no memory' })
  })

  test('a text that is none', () => {
    expect(decoded(PATH, piece(5)).payload).toMatchObject({ reason: 'invalid_payload' })
  })

  test('the texts of a stream are put together', () => {
    expect(stream(piece('a'), piece(' b'), piece(''))).toMatchObject({
      model: 'm',
      choices: [{ text: 'a b' }],
      isStreamed: true,
    })
    expect(stream(piece(['a', 'x']), piece(['b', 'y']))).toMatchObject({ choices: [{ text: 'ab' }, { text: 'xy' }] })
  })

  test('a stream with an error, or without any event, is a failed answer', () => {
    expect(stream(piece('a'), { error: 'no memory' })).toEqual({ kind: 'error', message: 'no memory' })
    expect(stream().kind).toBe('error')
  })

  test('an event without text is refused', () => {
    expect(stream(piece('a'), { model_name: 'm' })).toMatchObject({ reason: 'invalid_payload' })
  })
})

describe("MLServer's streams of infer answers", () => {
  test('the texts of each output are put together, in the order of the names', () => {
    const payload = stream(infer(bytes('b', ['x']), bytes('a', ['1'])), infer(bytes('b', ['y', 'z'])))
    expect(payload).toMatchObject({ model: 'm', choices: [{ text: '1' }, { text: 'xyz' }], isStreamed: true })
  })

  test('numbers are no text, and lies are none either', () => {
    expect(stream(infer({ name: 'y', shape: [1], datatype: 'INT64', data: [5] }))).toMatchObject({
      reason: 'invalid_payload',
    })
    expect(stream(infer({ ...bytes('y', ['a']), shape: [2] }))).toMatchObject({ reason: 'invalid_payload' })
  })
})

import { describe, expect, test } from 'vitest'
import { InvalidRequest, parseInferRequest } from '../../../../src/cli/demo/infer-request.ts'

const row = (value: number): number[] => Array.from({ length: 64 }, () => value)

function request(input: Record<string, unknown> = {}, more: Record<string, unknown> = {}): string {
  const whole = { name: 'pixels', shape: [1, 64], datatype: 'FP32', data: row(3), ...input }
  return JSON.stringify({ inputs: [whole], ...more })
}

describe('an infer request', () => {
  test('may hold its rows flat or nested', () => {
    const rows = [row(1), row(2)]
    expect(parseInferRequest(request({ shape: [2, 64], data: rows.flat() })).rows).toEqual(rows)
    expect(parseInferRequest(request({ shape: [2, 64], data: rows })).rows).toEqual(rows)
  })

  test('may carry an id', () => {
    expect(parseInferRequest(request({}, { id: 'a' })).id).toBe('a')
    expect(parseInferRequest(request()).id).toBeNull()
  })

  test.each([
    ['not JSON', '{', 'the body is not JSON'],
    ['no object', '[]', 'the body is not a JSON object'],
    ['a numeric id', request({}, { id: 5 }), 'id must be a string'],
    ['no inputs', '{}', 'inputs must be a list with one tensor'],
    ['two inputs', request({}, { inputs: [{}, {}] }), 'inputs must be a list with one tensor'],
    ['an input that is no object', request({}, { inputs: [7] }), 'inputs[0] is not an object'],
    ['another name', request({ name: 'image' }), 'inputs[0].name must be "pixels"'],
    ['another datatype', request({ datatype: 'BYTES' }), 'inputs[0].datatype must be one of'],
    ['no shape', request({ shape: undefined }), 'inputs[0].shape must be [n, 64]'],
    ['another width', request({ shape: [1, 63] }), 'inputs[0].shape must be [n, 64]'],
    ['three dimensions', request({ shape: [1, 64, 1] }), 'inputs[0].shape must be [n, 64]'],
    ['no rows', request({ shape: [0, 64], data: [] }), 'n must be from 1 to 256'],
    ['too many rows', request({ shape: [257, 64] }), 'n must be from 1 to 256'],
    ['data that is no list', request({ data: 'AAAA' }), 'data must be a list'],
    ['too few values', request({ data: row(1).slice(1) }), 'data holds 63 values, the shape needs 64'],
    ['uneven rows', request({ shape: [2, 64], data: [row(1), row(1).slice(1)] }), 'must hold 2 rows of 64 numbers'],
    ['a text among the values', request({ data: ['1', ...row(1).slice(1)] }), 'value 0 is not a number'],
    ['a null among the values', request({ data: [...row(1).slice(1), null] }), 'value 63 is not a number'],
  ])('with %s is refused', (_what, text, message) => {
    const parse = (): unknown => parseInferRequest(text)
    expect(parse).toThrow(InvalidRequest)
    expect(parse).toThrow(message)
  })
})

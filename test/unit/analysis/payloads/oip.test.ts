import { describe, expect, test } from 'vitest'
import { decodeOip } from '../../../../src/analysis/payloads/oip.ts'

const answer = (output: Record<string, unknown>) => decodeOip({ outputs: [{ name: 'y', datatype: 'FP32', ...output }] })

function data(payload: ReturnType<typeof decodeOip>) {
  if (payload.kind !== 'tensors') throw new Error(JSON.stringify(payload))
  return payload.tensors[0]?.data
}

describe('decodeOip', () => {
  test('flattens nested data row-major, to the same as flat data', () => {
    const flat = { shape: [2, 3], data: [1, 2, 3, 4, 5, 6] }
    const nested = {
      shape: [2, 3],
      data: [
        [1, 2, 3],
        [4, 5, 6],
      ],
    }
    expect(data(answer(nested))).toEqual([1, 2, 3, 4, 5, 6])
    expect(data(answer(nested))).toEqual(data(answer(flat)))
  })

  test('takes nesting that differs from the shape in dimensions of one only', () => {
    expect(data(answer({ shape: [2, 1], data: [[5], [6]] }))).toEqual([5, 6])
    expect(data(answer({ shape: [1, 2], data: [[5], [6]] }))).toEqual([5, 6])
    expect(data(answer({ shape: [], data: [5] }))).toEqual([5])
    expect(data(answer({ shape: [0, 4], data: [] }))).toEqual([])
  })

  test.each([
    ['too few values', { shape: [2, 2], data: [1, 2, 3] }],
    ['ragged rows', { shape: [2, 2], data: [[1, 2], [3]] }],
    ['ragged rows with the right number of values', { shape: [2, 2], data: [[1, 2, 3], [4]] }],
    ['ragged rows that add up', { shape: [3, 2], data: [[1, 2], [3], [4, 5, 6]] }],
    ['rows and values mixed', { shape: [2, 1], data: [[1], 2] }],
    [
      'transposed nesting',
      {
        shape: [3, 2],
        data: [
          [1, 2, 3],
          [4, 5, 6],
        ],
      },
    ],
    ['a negative size', { shape: [-1], data: [1] }],
    ['text in a float tensor', { shape: [1], data: ['1'] }],
    ['a number in a text tensor', { shape: [1], datatype: 'BYTES', data: [1] }],
    ['two in a truth tensor', { shape: [1], datatype: 'BOOL', data: [2] }],
    ['an unknown datatype', { shape: [1], datatype: 'FP7', data: [1] }],
    ['a binary tensor', { shape: [1], parameters: { binary_data_size: 4 } }],
  ])('refuses %s', (_what, output) => {
    expect(answer(output)).toMatchObject({ kind: 'failed', reason: 'invalid_payload' })
  })

  test('reads null in a float tensor as the NaN that some servers cannot write', () => {
    expect(data(answer({ shape: [3], data: [1, null, 2] }))).toEqual([1, Number.NaN, 2])
    expect(answer({ shape: [1], datatype: 'INT64', data: [null] })).toMatchObject({ reason: 'invalid_payload' })
  })

  test('reads truth values written as numbers', () => {
    expect(data(answer({ shape: [2], datatype: 'BOOL', data: [1, false] }))).toEqual([true, false])
  })

  test('tells a failed call from an answer without outputs', () => {
    expect(decodeOip({ error: 'no such model' })).toEqual({ kind: 'error', message: 'no such model' })
    expect(decodeOip({ model_name: 'm' })).toMatchObject({ kind: 'failed', reason: 'invalid_payload' })
    expect(decodeOip([1])).toMatchObject({ kind: 'failed', reason: 'invalid_payload' })
  })

  test('refuses two outputs of one name: they could not be matched', () => {
    const output = { name: 'y', datatype: 'FP32', shape: [1], data: [1] }
    expect(decodeOip({ outputs: [output, output] })).toMatchObject({ kind: 'failed', reason: 'invalid_payload' })
  })
})

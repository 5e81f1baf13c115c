import { describe, expect, test } from 'vitest'
import { decoded } from '../../../support/decoded.ts'

const read = (answer: object | string, call = 'predict') => decoded(`/v1/models/m:${call}`, answer).payload
const tensors = (answer: object | string, call?: string) => {
  const payload = read(answer, call)
  if (payload.kind !== 'tensors') throw new Error(JSON.stringify(payload))
  return payload.tensors
}

const b64 = (bytes: string | Buffer) => ({ b64: Buffer.from(bytes).toString('base64') })

describe(':predict', () => {
  test('rows of one output', () => {
    expect(read({ predictions: [5, 6] })).toEqual({
      kind: 'tensors',
      model: 'm',
      modelVersion: null,
      tensors: [{ name: 'predictions', shape: [2], datatype: 'INT64', data: [5, 6], place: ['predictions'] }],
    })
    expect(
      tensors({
        predictions: [
          [0.25, 0.75],
          [1, 0],
        ],
      }),
    ).toMatchObject([{ shape: [2, 2], datatype: 'FP64' }])
  })

  test('the version is that of the path', () => {
    const { payload } = decoded('/v1/models/m/versions/42:predict?x=/v1/models/n:predict', { predictions: [1] })
    expect(payload).toMatchObject({ model: 'm', modelVersion: '42' })
  })

  test('rows of several outputs become a tensor for each', () => {
    const predictions = [
      { label: 'cat', score: [0.9, 0.1] },
      { score: [0.2, 0.8], label: 'dog' },
    ]
    expect(tensors({ predictions })).toEqual([
      { name: 'label', shape: [2], datatype: 'BYTES', data: ['cat', 'dog'], place: ['predictions', '*', 'label'] },
      {
        name: 'score',
        shape: [2, 2],
        datatype: 'FP64',
        data: [0.9, 0.1, 0.2, 0.8],
        place: ['predictions', '*', 'score'],
      },
    ])
  })

  test('columns of one output or of several', () => {
    expect(tensors({ outputs: [[1], [2]] })).toMatchObject([{ name: 'outputs', shape: [2, 1], place: ['outputs'] }])
    expect(tensors({ outputs: { a: [1, 2], b: [true] } })).toEqual([
      { name: 'a', shape: [2], datatype: 'INT64', data: [1, 2], place: ['outputs', 'a'] },
      { name: 'b', shape: [1], datatype: 'BOOL', data: [true], place: ['outputs', 'b'] },
    ])
  })

  test('the tokens NaN and Infinity are numbers', () => {
    expect(tensors('{"predictions": [NaN, Infinity, -Infinity]}')).toMatchObject([
      { datatype: 'FP64', data: [Number.NaN, Infinity, -Infinity] },
    ])
  })

  test('base64 stands for bytes: text where it is text', () => {
    expect(tensors({ predictions: [b64('grün'), b64(Buffer.from([0xff]))] })).toMatchObject([
      { datatype: 'BYTES', data: ['grün', 'base64:/w=='] },
    ])
    expect(read({ predictions: [{ b64: '!' }] }).kind).toBe('json')
  })

  test.each([
    [
      'one-hot rows are scores',
      [
        [0, 1],
        [1, 0],
      ],
      'FP64',
    ],
    [
      'rows of ones and zeros are labels',
      [
        [1, 1],
        [1, 0],
      ],
      'INT64',
    ],
    ['a list of ones and zeros is labels', [0, 1], 'INT64'],
    ['whole numbers are labels', [[5], [6]], 'INT64'],
    ['one fraction makes all of them floats', [1, 2.5], 'FP64'],
    ['texts', ['a', 'b'], 'BYTES'],
    ['one value', 7, 'INT64'],
  ])('%s', (_what, predictions, datatype) => {
    expect(tensors({ predictions })).toMatchObject([{ datatype }])
  })

  test('integers beyond 2^53 stay apart from their neighbours', () => {
    expect(tensors('{"predictions":[9007199254740993,1]}')).toMatchObject([
      { datatype: 'INT64', data: [9007199254740993n, 1] },
    ])
  })

  test.each([
    ['ragged rows', { predictions: [[1, 2], [3]] }],
    ['rows beside values', { predictions: [[1], 2] }],
    ['texts beside numbers', { predictions: [1, 'a'] }],
    ['null', { predictions: [1, null] }],
    ['objects of different outputs', { predictions: [{ a: 1 }, { b: 1 }] }],
    ['objects with more outputs', { predictions: [{ a: 1 }, { a: 1, b: 1 }] }],
    ['outputs within outputs', { outputs: { a: { b: 1 } } }],
    ['no outputs', { outputs: {} }],
  ])('%s are left as JSON', (_what, answer) => {
    expect(read(answer)).toEqual({ kind: 'json', value: answer })
  })
})

describe(':classify and :regress', () => {
  test('labels and scores of each example, under either name', () => {
    const results = [
      [
        ['cat', 0.9],
        ['dog', 0.1],
      ],
      [
        ['', 0.5],
        ['dog', 0.5],
      ],
    ]
    const expected = [
      { name: 'labels', shape: [2, 2], datatype: 'BYTES', data: ['cat', 'dog', '', 'dog'] },
      { name: 'scores', shape: [2, 2], datatype: 'FP64', data: [0.9, 0.1, 0.5, 0.5] },
    ]
    expect(tensors({ results }, 'classify')).toMatchObject(expected)
    expect(tensors({ result: results }, 'classify')).toMatchObject(expected)
  })

  test('a number for each example', () => {
    expect(tensors({ results: [0.5, 2] }, 'regress')).toMatchObject([
      { name: 'results', datatype: 'FP64', data: [0.5, 2] },
    ])
    expect(tensors({ result: [0.5] }, 'regress')).toMatchObject([{ name: 'results', place: ['result'] }])
  })

  test('examples with different numbers of classes are left as JSON', () => {
    expect(
      read(
        {
          results: [
            [['a', 1]],
            [
              ['a', 0.5],
              ['b', 0.5],
            ],
          ],
        },
        'classify',
      ).kind,
    ).toBe('json')
  })
})

test('an error in a 200', () => {
  expect(read({ error: 'Malformed request' })).toEqual({ kind: 'error', message: 'Malformed request' })
})

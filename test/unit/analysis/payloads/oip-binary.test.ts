import { describe, expect, test } from 'vitest'
import type { Payload } from '../../../../src/analysis/payloads/payload.ts'
import { decoded } from '../../../support/decoded.ts'
import { INFER_PATH } from '../../../support/pairs.ts'

/** An answer with binary tensors; `changes` are laid over what is said of each. */
function binary(tensors: readonly Tensor[], changes: { headerLength?: number; cut?: number } = {}): Payload {
  const outputs = tensors.map(({ bytes, size, ...rest }) => {
    return { name: 'y', ...rest, parameters: { binary_data_size: size ?? bytes.length } }
  })
  const json = Buffer.from(JSON.stringify({ model_name: 'm', outputs }))
  const body = Buffer.concat([json, ...tensors.map(({ bytes }) => bytes)])
  const headerLength = changes.headerLength ?? json.length
  return decoded(INFER_PATH, body.subarray(0, body.length - (changes.cut ?? 0)), { headerLength }).payload
}

interface Tensor {
  readonly bytes: Buffer
  readonly datatype: string
  readonly shape: readonly number[]
  readonly name?: string
  readonly size?: unknown
  readonly data?: unknown
}

function valuesOf(datatype: string, count: number, hex: string) {
  const payload = binary([{ datatype, shape: [count], bytes: Buffer.from(hex.replaceAll(' ', ''), 'hex') }])
  if (payload.kind !== 'tensors') throw new Error(JSON.stringify(payload))
  return payload.tensors[0]?.data
}

const ONE = { datatype: 'FP32', shape: [1], bytes: Buffer.from([0, 0, 0x80, 0x3f]) }
const element = (text: string | Buffer) => {
  const bytes = Buffer.from(text)
  const length = Buffer.alloc(4)
  length.writeUInt32LE(bytes.length)
  return Buffer.concat([length, bytes])
}

describe('the binary tensor extension', () => {
  // The bit patterns are those of IEEE 754 and two's complement, written out by hand.
  test.each([
    ['BOOL', 2, '01 00', [true, false]],
    ['INT8', 2, '7f 80', [127, -128]],
    ['UINT8', 1, 'ff', [255]],
    ['INT16', 1, 'feff', [-2]],
    ['UINT16', 1, 'feff', [65534]],
    ['INT32', 1, 'ffffffff', [-1]],
    ['UINT32', 1, 'ffffffff', [4294967295]],
    ['INT64', 3, '0500000000000000 ffffffffffffffff ffffffffffffff7f', [5, -1, 9223372036854775807n]],
    ['INT64', 2, '0000000000000080 010000000000e0ff', [-9223372036854775808n, -9007199254740991]],
    ['UINT64', 2, 'ffffffffffffffff ffffffffffff1f00', [18446744073709551615n, 9007199254740991]],
    ['FP16', 4, '003c 00c0 0100 007c', [1, -2, 2 ** -24, Infinity]],
    ['FP16', 3, 'ff7b 0080 007e', [65504, -0, Number.NaN]],
    ['BF16', 3, '803f 80ff c07f', [1, -Infinity, Number.NaN]],
    ['FP32', 2, '0000803f 0000c07f', [1, Number.NaN]],
    ['FP64', 1, '182d4454fb210940', [Math.PI]],
  ])('reads %s', (datatype, count, hex, values) => {
    expect(valuesOf(datatype, count, hex)).toEqual(values)
  })

  test('reads texts, and bytes that are none so that no two of them look the same', () => {
    const bytes = Buffer.concat([
      element('grün'),
      element(''),
      element(Buffer.from([0xff])),
      element(Buffer.from([0xfe])),
    ])
    expect(valuesOf('BYTES', 4, bytes.toString('hex'))).toEqual(['grün', '', 'base64:/w==', 'base64:/g=='])
  })

  test('reads several tensors in the order of the outputs, beside one whose data is JSON', () => {
    const outputs = [
      { name: 'a', datatype: 'UINT8', shape: [2], parameters: { binary_data_size: 2 } },
      { name: 'b', datatype: 'INT64', shape: [1], data: [7] },
      { name: 'c', datatype: 'UINT8', shape: [1, 1], parameters: { binary_data_size: 1 } },
    ]
    const json = JSON.stringify({ outputs })
    const body = Buffer.concat([Buffer.from(json), Buffer.from([1, 2, 3])])
    expect(decoded('/any', body, { headerLength: json.length })).toMatchObject({
      format: 'oip',
      payload: {
        tensors: [
          { name: 'a', data: [1, 2] },
          { name: 'b', data: [7] },
          { name: 'c', data: [3], shape: [1, 1] },
        ],
      },
    })
  })

  test('gives what JSON gives', () => {
    const json = decoded(INFER_PATH, { outputs: [{ name: 'y', datatype: 'INT64', shape: [2, 1], data: [5, 6] }] })
    const bytes = Buffer.from('05000000000000000600000000000000', 'hex')
    expect(binary([{ datatype: 'INT64', shape: [2, 1], bytes }])).toEqual({ ...json.payload, model: 'm' })
  })

  test.each([
    ['a JSON part longer than the answer', [ONE], { headerLength: 10_000 }],
    ['a JSON part of no certain length', [ONE], { headerLength: Infinity }],
    ['a tensor that was cut', [ONE], { cut: 1 }],
    ['a size beyond the answer', [{ ...ONE, size: 5 }], {}],
    ['a size that leaves bytes over', [{ ...ONE, size: 3 }], {}],
    ['a negative size', [{ ...ONE, size: -4 }], {}],
    ['a size that is no number', [{ ...ONE, size: '4' }], {}],
    ['a shape that needs more bytes', [{ ...ONE, shape: [2] }], {}],
    ['a shape beyond all memory', [{ ...ONE, shape: [2 ** 40, 2 ** 40] }], {}],
    ['an unknown datatype', [{ ...ONE, datatype: 'FP8' }], {}],
    ['data in both places', [{ ...ONE, data: [1] }], {}],
    ['two tensors of one name', [ONE, ONE], {}],
    ['a truth value of two', [{ datatype: 'BOOL', shape: [1], bytes: Buffer.from([2]) }], {}],
    ['too few texts', [{ datatype: 'BYTES', shape: [2], bytes: element('a') }], {}],
    ['too many texts', [{ datatype: 'BYTES', shape: [0], bytes: element('a') }], {}],
    ['a text beyond its tensor', [{ datatype: 'BYTES', shape: [1], bytes: element('abc').subarray(0, 5) }], {}],
    ['half a length', [{ datatype: 'BYTES', shape: [1], bytes: Buffer.from([1, 0]) }], {}],
  ])('refuses %s', (_what, tensors, changes) => {
    expect(binary(tensors, changes)).toMatchObject({ kind: 'failed', reason: 'invalid_payload' })
  })

  test('refuses a JSON part that ends elsewhere than announced', () => {
    expect(binary([ONE], { headerLength: 20 })).toMatchObject({ kind: 'failed', reason: 'invalid_json' })
  })

  test('does not guess where the tensors begin when the header is missing', () => {
    expect(binary([ONE], { headerLength: 0 })).toMatchObject({ kind: 'failed', reason: 'invalid_json' })
    const said = { name: 'y', datatype: 'FP32', shape: [1], parameters: { binary_data_size: 4 } }
    expect(decoded(INFER_PATH, { outputs: [said] })).toMatchObject({ payload: { reason: 'invalid_payload' } })
  })
})

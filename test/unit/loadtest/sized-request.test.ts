import { expect, test } from 'vitest'
import { sizedRequest } from '../../../loadtest/sized-request.ts'

test.each([200, 65_536, 1_048_576])('a call of %d bytes is exactly that long and means what it says', bytes => {
  const text = sizedRequest(bytes)
  expect(Buffer.byteLength(text)).toBe(bytes)
  const { inputs } = JSON.parse(text) as { inputs: { shape: number[]; data: number[] }[] }
  expect(inputs[0]?.shape).toEqual([1, inputs[0]?.data.length])
  // Numbers, not blanks.
  expect(text.trimEnd().length).toBeGreaterThan(bytes - 20)
})

test('a size that no call fits into is refused', () => {
  expect(() => sizedRequest(50)).toThrow(RangeError)
})

import { expect, test } from 'vitest'
import { drawDigit } from '../../../../src/cli/demo/digit-art.ts'
import { loadDigits, splitDigits } from '../../../../src/cli/demo/digits.ts'
import { seededRandom, shuffled } from '../../../../src/cli/demo/random.ts'

test('there are 1 797 images, each named by its line', () => {
  const digits = loadDigits()
  expect(digits).toHaveLength(1797)
  expect(digits.every(({ index }, line) => index === line)).toBe(true)
  expect(digits.every(({ pixels }) => pixels.length === 64 && pixels.every(p => p >= 0 && p <= 16))).toBe(true)
  expect(digits.slice(0, 3).map(({ label }) => label)).toEqual([0, 1, 2])
})

test('the halves share no image, miss none, and are the same each time', () => {
  const digits = loadDigits()
  const { training, heldOut } = splitDigits(digits)
  expect([training.length, heldOut.length]).toEqual([899, 898])
  expect(new Set([...training, ...heldOut].map(({ index }) => index)).size).toBe(1797)
  expect(splitDigits(loadDigits()).heldOut).toEqual(heldOut)
})

test('the random numbers hang on the seed alone and fill the unit interval evenly', () => {
  const random = seededRandom(5)
  const numbers = Array.from({ length: 10_000 }, () => random())
  const again = seededRandom(5)
  expect(numbers.slice(0, 5)).toEqual(Array.from({ length: 5 }, () => again()))
  expect(seededRandom(6)()).not.toBe(numbers[0])
  expect(numbers.every(n => n >= 0 && n < 1)).toBe(true)
  const perTenth = Array.from({ length: 10 }, (_, i) => numbers.filter(n => Math.floor(n * 10) === i).length)
  // Four standard deviations of a binomial(10 000, 0.1) are 120.
  for (const n of perTenth) expect(Math.abs(n - 1000)).toBeLessThan(120)
})

test('shuffling keeps every item and leaves the original alone', () => {
  const items = Array.from({ length: 100 }, (_, i) => i)
  const mixed = shuffled(items, seededRandom(1))
  expect(mixed).not.toEqual(items)
  expect(mixed.toSorted((a, b) => a - b)).toEqual(items)
  expect(items[0]).toBe(0)
})

test('a digit is drawn as eight lines from paper to ink', () => {
  const pixels = Array.from({ length: 64 }, () => 0)
  pixels[0] = 16
  pixels[63] = 8
  const lines = drawDigit(pixels)
  expect(lines).toHaveLength(8)
  expect(lines.every(line => line.length === 16)).toBe(true)
  expect(lines[0]).toBe(`@@${' '.repeat(14)}`)
  expect(lines[7]).toBe(`${' '.repeat(14)}++`)
})

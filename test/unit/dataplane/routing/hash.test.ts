import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { bucketOf, hash32 } from '../../../../src/dataplane/routing/hash.ts'
import { chiSquareUniform } from '../../../support/chi-square.ts'

/** The same hash written the slow and obvious way: over the bytes, in big integers, one step a line. */
function referenceHash(text: string): number {
  const WORD = 0xffffffffn
  let hash = 0x811c9dc5n
  for (const byte of Buffer.from(text, 'utf8')) hash = ((hash ^ BigInt(byte)) * 0x01000193n) & WORD
  hash = ((hash ^ (hash >> 16n)) * 0x85ebca6bn) & WORD
  hash = ((hash ^ (hash >> 13n)) * 0xc2b2ae35n) & WORD
  return Number(hash ^ (hash >> 16n))
}

/** Promises to users: a change here moves people between arms at an upgrade. */
const VECTORS: readonly (readonly [text: string, hash: number])[] = [
  ['', 0xab3e7c0b],
  ['\u0000', 0x0578ab1b],
  ['a', 0x1a80b1b3],
  ['b', 0x82c46232],
  ['foobar', 0x0c0da6dc],
  ['user-1', 0x778f8aec],
  ['user-2', 0x32dad0d1],
  ['canary:churn\nuser-1', 0x7f196dd1],
  ['shadow:churn\nuser-1', 0xa4729953],
  ['Zürich', 0xad5bb597],
  ['naïve café', 0x53ba41b2],
  ['東京', 0x50b7e2e7],
  ['🙂', 0x400f0d4a],
  ['user-🙂-7', 0xa75252a0],
]

describe('hash32', () => {
  test.each(VECTORS)('of %j is the promised value', (text, hash) => {
    expect(hash32(text)).toBe(hash)
  })

  test('is what the reference computes over the UTF-8 bytes of any text', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.string({ unit: 'binary' })), text => {
        expect(hash32(text)).toBe(referenceHash(text))
      }),
      { numRuns: 500 },
    )
  })

  test('takes lone surrogates like the UTF-8 encoder does', () => {
    for (const text of ['\ud800', 'user-\udc00', 'a\ud83db']) expect(hash32(text)).toBe(referenceHash(text))
  })
})

describe('bucketOf', () => {
  test('is where salt, line feed and key fall in 0 to 100', () => {
    expect(bucketOf('canary:churn', 'user-1')).toBe((0x7f196dd1 / 2 ** 32) * 100)
  })

  test('stays from 0 (included) to 100 (excluded)', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (salt, key) => {
        const bucket = bucketOf(salt, key)
        expect(bucket).toBeGreaterThanOrEqual(0)
        expect(bucket).toBeLessThan(100)
      }),
    )
  })

  // 99.9 % quantile of chi-square with 99 degrees of freedom; the keys are fixed, so it holds always or never.
  const CHI_SQUARE_99 = 148.2
  test.each([
    ['counting numbers', (i: number) => `user-${i}`],
    ['padded numbers', (i: number) => String(i).padStart(12, '0')],
    ['mail addresses', (i: number) => `person.${i.toString(36)}@example.com`],
    ['request ids', (i: number) => `host-0a1b2c3d-0-${i.toString(36)}`],
    ['text beyond ASCII', (i: number) => `küche-${i}-東京`],
  ])('spreads 100 000 keys evenly: %s', (_, keyOf) => {
    const cells = Array.from({ length: 100 }, () => 0)
    for (let i = 0; i < 100_000; i++) {
      const cell = Math.floor(bucketOf('shadow:churn', keyOf(i)))
      cells[cell] = (cells[cell] ?? 0) + 1
    }
    expect(chiSquareUniform(cells)).toBeLessThan(CHI_SQUARE_99)
  })
})

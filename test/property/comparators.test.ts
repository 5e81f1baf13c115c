import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { jensenShannonBits, totalVariation } from '../../src/analysis/compare/classification.ts'
import { commonSubsequence } from '../../src/analysis/compare/common-subsequence.ts'
import { editDistance } from '../../src/analysis/compare/edit-distance.ts'
import { normalised } from '../../src/analysis/compare/words.ts'
import { numberedWords } from '../../src/analysis/compare/numbered-words.ts'
import { kendallTauB, rankBiasedOverlap } from '../../src/analysis/compare/rank-measures.ts'
import { textSimilarity } from '../../src/analysis/compare/text-similarity.ts'
import { unitsInLastPlace } from '../../src/analysis/compare/units-in-last-place.ts'
import { vectorDistance } from '../../src/analysis/compare/vector-distance.ts'
import { compare, ample, comparePayloads } from '../support/compare.ts'
import { generation, generations } from '../support/generations.ts'

/** Each measure beside a plain one: the textbook's table or sum, slow and without tricks. */

/** `step(same, left, above, diagonal)` fills the table of all beginnings of `a` and `b`. */
function table(
  a: ArrayLike<unknown>,
  b: ArrayLike<unknown>,
  edge: (i: number) => number,
  step: (isSame: boolean, left: number, above: number, diagonal: number) => number,
): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => edge(j))
  for (let i = 1; i <= a.length; i++) {
    const next = [edge(i)]
    for (let j = 1; j <= b.length; j++) {
      next.push(step(a[i - 1] === b[j - 1], next[j - 1] as number, row[j] as number, row[j - 1] as number))
    }
    row = next
  }
  return row[b.length] as number
}

const levenshtein = (a: string, b: string) =>
  table(
    a,
    b,
    i => i,
    (isSame, left, above, diagonal) => Math.min(left + 1, above + 1, diagonal + (isSame ? 0 : 1)),
  )

const longestCommon = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  table(
    a,
    b,
    () => 0,
    (isSame, left, above, diagonal) => (isSame ? diagonal + 1 : Math.max(left, above)),
  )

/** Few letters, so that much is in common; long enough for several blocks of 32 rows. */
const text = fc.oneof(
  fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 150 }),
  fc.string({ unit: 'grapheme', maxLength: 80 }),
)
const words = fc.array(fc.nat(4), { maxLength: 150 }).map(list => Int32Array.from(list))

/** Integers, so that ties are frequent. */
const scores = (n: number) => fc.array(fc.integer({ min: 0, max: n }), { minLength: n, maxLength: n })
const distribution = fc
  .array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 4, maxLength: 4 })
  .filter(weights => weights.some(weight => weight > 1e-3))
  .map(weights => weights.map(weight => weight / weights.reduce((sum, each) => sum + each, 0)))

const wordsOf = (text: string) => text.split(/ |(?=我)|(?<=我)/).filter(word => word !== '')

const turned = (value: object) => Object.fromEntries(Object.entries(value).toReversed())

const entropy = (p: number[]) => p.reduce((sum, x) => (x > 0 ? sum - x * Math.log2(x) : sum), 0)

const half = (bits: number) => {
  const exponent = bits >> 10
  const fraction = bits & 1023
  return exponent === 0 ? fraction * 2 ** -24 : (1024 + fraction) * 2 ** (exponent - 25)
}

const halfAt = (at: number) => Math.sign(at) * half(Math.abs(at))

const sorted = (list: unknown[]) => JSON.stringify(list.map(item => JSON.stringify(item)).sort())

describe('distances of texts', () => {
  test('the bit-parallel edit distance is that of the table', () => {
    fc.assert(
      fc.property(text, text, (a, b) => {
        expect(editDistance(a, b, ample())).toBe(levenshtein(a, b))
      }),
      { numRuns: 500 },
    )
  })

  test('the bit-parallel common subsequence is that of the table', () => {
    fc.assert(
      fc.property(words, words, (a, b) => {
        expect(commonSubsequence(a, b, 5, ample())).toBe(longestCommon(a, b))
      }),
      { numRuns: 500 },
    )
  })

  test('texts of plain ASCII are normalised as all others are', () => {
    const piece = fc.constantFrom(
      ' ',
      '  ',
      '\n',
      '\r\n',
      '\t',
      '\u001f',
      '\u007f',
      'A',
      'b.',
      'É',
      'ﬁ',
      '\u00a0',
      '我',
      'İ',
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), pieces => {
        const text = pieces.join('')
        expect(normalised(text)).toBe(text.normalize('NFKC').toLowerCase().replaceAll(/\s+/g, ' ').trim())
      }),
      { numRuns: 2000 },
    )
  })

  test('words are numbered as a map does, whether their hashes are the same or many have to be kept', () => {
    // "Aa" and "BB" have the same hash, and so have all words that are made of them alike.
    const word = fc.oneof(
      fc.array(fc.constantFrom('Aa', 'BB'), { minLength: 1, maxLength: 4 }).map(list => list.join('')),
      fc.nat(5000).map(String),
      fc.string({ unit: fc.constantFrom('é', '€', '\u0120', 'a'), minLength: 1, maxLength: 3 }),
    )
    const list = fc.array(word, { maxLength: 400, size: 'max' })
    fc.assert(
      fc.property(list, list, (ours, theirs) => {
        const { a, b, distinct } = numberedWords(ours.join(' '), theirs.join(' '), ample())
        const numbers = new Map<string, number>()
        const numberOf = (each: string) => {
          if (!numbers.has(each)) numbers.set(each, numbers.size)
          return numbers.get(each)
        }
        expect([...a]).toEqual(ours.map(numberOf))
        expect([...b]).toEqual(theirs.map(numberOf))
        expect(distinct).toBe(numbers.size)
      }),
      { numRuns: 300 },
    )
  })

  test('words in common at the ends count as all others do', () => {
    const sentence = fc
      .array(fc.constantFrom('a', 'b', 'ab', '我', '我我'), { maxLength: 40 })
      .map(list => list.join(' '))
    fc.assert(
      fc.property(sentence, sentence, (a, b) => {
        const [ours, theirs] = [wordsOf(a), wordsOf(b)]
        const numbered = numberedWords(a, b, ample())
        const [x, y] = [[...numbered.a], [...numbered.b]]
        const all = [...ours, ...theirs]
        expect([...x, ...y].map(number => [...x, ...y].indexOf(number))).toEqual(all.map(word => all.indexOf(word)))
        const left = [...theirs]
        const shared = ours.filter(word => left.includes(word) && left.splice(left.indexOf(word), 1).length > 0).length
        const total = ours.length + theirs.length
        const { tokenF1, rougeL, sameWords } = textSimilarity(a, b, true, ample())
        expect(rougeL).toBeCloseTo(total === 0 ? 1 : (2 * longestCommon(x, y)) / total, 12)
        expect(tokenF1).toBeCloseTo(total === 0 ? 1 : (2 * shared) / total, 12)
        const first = ours.findIndex((word, i) => word !== theirs[i])
        expect(sameWords).toBe(first === -1 ? ours.length : first)
      }),
      { numRuns: 1000 },
    )
  })

  test('a text agrees with itself in any case, form and spacing, and two texts are told the same either way round', () => {
    fc.assert(
      fc.property(text, text, (a, b) => {
        const written = ` ${a.replaceAll(' ', '\n\t')}\u00a0`.normalize('NFD')
        expect(comparePayloads(generations(a), generations(written)).result).toBe('agree')
        const there = comparePayloads(generations(a), generations(b))
        const back = comparePayloads(generations(b), generations(a))
        expect(there.result).toBe(back.result)
        for (const metric of ['token_f1', 'rouge_l', 'levenshtein_ratio']) {
          expect(there.metrics[metric]).toBeCloseTo(back.metrics[metric] as number, 12)
        }
      }),
    )
  })

  test('tool calls agree in any order, with the keys of their arguments in any order', () => {
    const calls = fc.array(
      fc.record({ name: fc.constantFrom('a', 'b'), value: fc.dictionary(fc.string(), fc.jsonValue()) }),
    )
    fc.assert(
      fc.property(calls, list => {
        const made = list.map(({ name, value }) => ({ name, arguments: JSON.stringify(value) }))
        const other = list
          .map(({ name, value }) => ({ name, arguments: JSON.stringify(turned(value), null, 1) }))
          .toReversed()
        const [primary, shadow] = [made, other].map(toolCalls => generations(generation('', { toolCalls })))
        expect(comparePayloads(primary ?? generations(), shadow ?? generations())).toMatchObject({ result: 'agree' })
      }),
    )
  })
})

describe('distances of rankings', () => {
  test("Kendall's tau-b by merge sort is that of all pairs", () => {
    const pairOfScores = fc.integer({ min: 2, max: 40 }).chain(n => fc.tuple(scores(n), scores(n)))
    fc.assert(
      fc.property(pairOfScores, ([a, b]) => {
        let sum = 0
        let [pairsOfA, pairsOfB] = [0, 0]
        for (let i = 0; i < a.length; i++) {
          for (let j = 0; j < i; j++) {
            const x = Math.sign((a[i] as number) - (a[j] as number))
            const y = Math.sign((b[i] as number) - (b[j] as number))
            sum += x * y
            pairsOfA += x * x
            pairsOfB += y * y
          }
        }
        const tau = kendallTauB(a, b)
        if (pairsOfA * pairsOfB === 0) expect(tau).toBeNaN()
        else expect(tau).toBeCloseTo(sum / Math.sqrt(pairsOfA * pairsOfB), 12)
      }),
      { numRuns: 500 },
    )
  })

  test('rank-biased overlap is its sum, with the agreement carried on for ever behind the end', () => {
    const items = fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'), {
      minLength: 1,
      maxLength: 8,
    })
    fc.assert(
      fc.property(items, items, fc.double({ min: 0.1, max: 0.95, noNaN: true }), (a, b, p) => {
        const [short, long] = a.length <= b.length ? [a, b] : [b, a]
        const overlap = (depth: number) =>
          long.slice(0, depth).filter(item => short.slice(0, depth).includes(item)).length
        const [s, l] = [short.length, long.length]
        // Behind its end the short one is taken to agree as often as up to there; behind both ends, as at the long end.
        const agreement = (depth: number) => {
          const d = Math.min(depth, l)
          return d <= s ? overlap(d) / d : (overlap(d) + (overlap(s) * (d - s)) / s) / d
        }
        let sum = 0
        for (let depth = 1; depth < 2000; depth++) sum += (1 - p) * p ** (depth - 1) * agreement(depth)
        expect(rankBiasedOverlap(a, b, p)).toBeCloseTo(sum, 9)
        expect(rankBiasedOverlap(b, a, p)).toBeCloseTo(sum, 9)
      }),
    )
  })
})

describe('distances of numbers', () => {
  test('Jensen-Shannon is the entropy of the middle less the middle of the entropies, and total variation the largest gap', () => {
    fc.assert(
      fc.property(distribution, distribution, (p, q) => {
        const middle = p.map((x, i) => (x + (q[i] as number)) / 2)
        const expected = entropy(middle) - (entropy(p) + entropy(q)) / 2
        expect(jensenShannonBits(p, q, 0, 4)).toBeCloseTo(expected, 9)
        // Over all events, by enumeration.
        let gap = 0
        for (let event = 0; event < 16; event++) {
          const of = (r: number[]) => r.reduce((sum, x, i) => ((event >> i) & 1 ? sum + x : sum), 0)
          gap = Math.max(gap, Math.abs(of(p) - of(q)))
        }
        expect(totalVariation(p, q, 0, 4)).toBeCloseTo(gap, 9)
      }),
    )
  })

  test('vectors of single precision are measured as lists of the same numbers, to the last bit', () => {
    const vector = fc.array(fc.float(), { minLength: 5, maxLength: 5 })
    fc.assert(
      fc.property(vector, vector, (a, b) => {
        const plain = vectorDistance(a, 1, b, 2, 3)
        const [ours, theirs] = [Float32Array.from(a), Float32Array.from(b)]
        expect(vectorDistance(ours, 1, theirs, 2, 3)).toEqual(plain)
        expect(vectorDistance(ours, 1, b, 2, 3)).toEqual(plain)
        expect(vectorDistance(a, 1, theirs, 2, 3)).toEqual(plain)
      }),
    )
  })

  test('the cosine follows the law of cosines, whatever the lengths', () => {
    const vector = fc.array(fc.double({ min: -100, max: 100, noNaN: true }), { minLength: 3, maxLength: 3 })
    fc.assert(
      fc.property(vector, vector, fc.double({ min: 0.5, max: 9, noNaN: true }), (a, b, factor) => {
        fc.pre(Math.hypot(...a) > 1e-3 && Math.hypot(...b) > 1e-3)
        const { cosine, l2, normRatio } = vectorDistance([0, ...a], 1, b, 0, 3)
        const [x, y] = [Math.hypot(...a), Math.hypot(...b)]
        expect(normRatio).toBeCloseTo(y / x, 9)
        expect(l2).toBeCloseTo(Math.sqrt(Math.max(0, x * x + y * y - 2 * x * y * cosine)), 3)
        const scaled = b.map(value => value * factor)
        expect(vectorDistance(a, 0, scaled, 0, 3).cosine).toBeCloseTo(cosine, 9)
      }),
    )
  })

  test('a float and the one so many bits further are so many units apart', () => {
    const float = { noDefaultInfinity: true, noNaN: true } as const
    const bits = new DataView(new ArrayBuffer(8))
    fc.assert(
      fc.property(fc.double(float), fc.integer({ min: 0, max: 1000 }), (value, steps) => {
        bits.setFloat64(0, value)
        bits.setBigUint64(0, bits.getBigUint64(0) + BigInt(steps))
        const other = bits.getFloat64(0)
        fc.pre(Number.isFinite(other))
        expect(unitsInLastPlace(value, other, 'FP64')).toBe(steps)
        expect(unitsInLastPlace(other, value, 'FP64')).toBe(steps)
      }),
    )
    fc.assert(
      fc.property(fc.float(float), fc.integer({ min: 0, max: 1000 }), (value, steps) => {
        bits.setFloat32(0, value)
        bits.setUint32(0, bits.getUint32(0) + steps)
        const other = bits.getFloat32(0)
        fc.pre(Number.isFinite(other))
        expect(unitsInLastPlace(value, other, 'FP32')).toBe(steps)
      }),
    )
  })

  test('any two half-precision floats are as far apart as their places in the list of all', () => {
    // 0x7bff is 65 504, the largest.
    const place = fc.integer({ min: -0x7bff, max: 0x7bff })
    fc.assert(
      fc.property(place, place, (a, b) => {
        expect(unitsInLastPlace(halfAt(a), halfAt(b), 'FP16')).toBe(Math.abs(a - b))
      }),
    )
  })
})

describe('lists with order: set', () => {
  const plan = {
    fields: [{ path: ['set'], tolerance: null, order: 'set' }],
    tolerance: { absolute: 0, relative: 0 },
  } as const

  test('agree exactly when both hold the same items as often', () => {
    const items = fc.array(fc.constantFrom(1, 2, 'a', null), { maxLength: 6 })
    fc.assert(
      fc.property(items, items, (a, b) => {
        const [primary, shadow] = [JSON.stringify({ set: a }), JSON.stringify({ set: b }, null, 1)]
        expect(compare(primary, shadow, plan, { path: '/x' }).result).toBe(
          sorted(a) === sorted(b) ? 'agree' : 'disagree',
        )
      }),
    )
  })
})

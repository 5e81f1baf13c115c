import { z } from 'zod'
import { block, duration, expected, fieldPathKey, flag, number, oneOf, size } from './scalars.ts'

/** The blocks of `compare` that say from where on two answers agree, and what finding out may cost. */

export const tolerance = block({
  absolute: number('a number', 0, Number.MAX_VALUE).prefault(1e-6).describe('Numbers this close are equal.'),
  relative: number('a number', 0, 1).prefault(1e-3).describe("Numbers this close, as a share of the primary's, are."),
})

const field = block({
  tolerance: tolerance
    .nullable()
    .default(null)
    .describe('When two numbers at or below this path agree; null: as everywhere.'),
  order: oneOf(['list', 'set']).default('list').describe('`set`: the same items in any order are the same list.'),
  ignore: flag().prefault(false).describe('Not compared.'),
}).describe('Settings of one field path.')

export const thresholds = block({
  cosine: number('a number', -1, 1).prefault(0.999).describe('Embeddings agree from this cosine on.'),
  rbo: number('a number', 0, 1)
    .prefault(0.95)
    .describe('Rankings with the same first item agree from this rank-biased overlap (p = 0.9) on.'),
  similarity: number('a number', 0, 1)
    .nullable()
    .default(null)
    .describe('Texts agree from this ROUGE-L F1 on; null: when they are the same but for case and white space.'),
})

/**
 * The thread that compares has all other pairs waiting. Two answers of 4 MiB took 23 to 52 ms of a core to decode and compare
 * (numbers, objects or text as JSON), so the defaults meet: more bytes could not be done in the time.
 */
export const limits = block({
  body: size(1024, 32 * 2 ** 20)
    .prefault('4MiB')
    .describe('A pair with a longer answer, unpacked, is incomparable.'),
  time: duration(1).prefault('50ms').describe('A comparison that takes longer is given up, the pair is incomparable.'),
})

export const fields = z
  .record(fieldPathKey(), field, { error: expected('a block of field paths', "'$.scores': { order: set }") })
  .prefault({})
  .describe('Settings of single fields, by path; of several that fit, the most special one.')

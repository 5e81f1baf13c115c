import { afterAll, describe, expect, test } from 'vitest'
import { median, seededRandom, type Random } from './evidence-simulation.ts'
import { printTable } from './evidence-table.ts'
import { runNoise, type Exchange } from './noise-traffic.ts'

/** A/A runs of each row. */
const RUNS = Number(process.env['NOISE_RUNS'] ?? 200)
/** Runs until one point of regression is found: each takes up to thirty times as many pairs. */
const FINDING_RUNS = Math.max(3, Math.round(RUNS / 5))
/** Disagreement of the primary with itself. */
const NOISE = 0.4
const POINT = 0.01
const PAIRS = 5_000
/** Estimates come out of divisions. */
const ROUNDING = 1e-9

/** Models whose answers differ in 40 % of the pairs; `worse`: requests to which the candidate gives an answer of its own. */
interface Model {
  readonly name: string
  readonly exchange: (worse: number) => Exchange
  /** Chance that the shadow alone disagrees, which is what chance makes of the excess. */
  readonly onlyShadow: number
}

/** Draws one of two answers, so that two draws differ in 40 % of the cases: each pair of legs is noise of its own. */
function twoAnswers(random: Random): number {
  return random() < (1 + Math.sqrt(1 - 2 * NOISE)) / 2 ? 0 : 1
}

const MODELS: readonly Model[] = [
  {
    name: 'one of two answers to every request',
    exchange: worse => random => [twoAnswers(random), random() < worse ? 9 : twoAnswers(random), twoAnswers(random)],
    onlyShadow: NOISE / 2,
  },
  {
    name: 'long texts, never twice the same, to 40 % of the requests',
    exchange: worse => random => {
      const isOpen = random() < NOISE
      return isOpen ? [1, 2, 3] : [0, random() < worse ? 9 : 0, 0]
    },
    onlyShadow: 0,
  },
]

/** An answer of its own adds a disagreement where there was none. */
const ONE_POINT = POINT / (1 - NOISE)

const points = (share: number): string => (100 * share).toFixed(2)

describe('the excess over the noise', () => {
  const rows: string[][] = []
  const columns = ['answers', 'mean excess', 'lowest', 'highest', `within a point after ${PAIRS}`, 'rolled back']
  afterAll(() => printTable(`A/A, 40 % of the answers differ, ${RUNS} runs, points`, columns, rows))

  test.each(MODELS)('of an A/A is 0: $name', ({ name, exchange, onlyShadow }) => {
    const options = { belowNoise: POINT, maxPairs: PAIRS, perSecond: 50, untilRollback: false }
    const runs = Array.from({ length: RUNS }, (_, seed) => runNoise(exchange(0), seededRandom(seed + 1), options))
    const excess = runs.map(run => run.excess ?? NaN)
    const mean = excess.reduce((sum, each) => sum + each, 0) / RUNS
    const within = excess.filter(each => Math.abs(each) <= POINT + ROUNDING).length
    const rolledBack = runs.filter(({ verdict }) => verdict === 'ROLLBACK').length
    rows.push([
      name,
      points(mean),
      points(Math.min(...excess)),
      points(Math.max(...excess)),
      `${within} of ${RUNS}`,
      `${rolledBack}`,
    ])
    // Either leg alone disagrees as often as the other: the difference has twice that variance.
    const deviation = Math.sqrt((2 * onlyShadow) / PAIRS)
    expect(Math.abs(mean)).toBeLessThanOrEqual((3.5 * deviation) / Math.sqrt(RUNS))
    for (const each of excess) expect(Math.abs(each)).toBeLessThanOrEqual(4.5 * deviation)
    expect(rolledBack).toBe(0)
  })
})

describe('one added point of disagreement', () => {
  const rows: string[][] = []
  const columns = ['answers', 'asked: at most', 'found', 'pairs, median', 'pairs, most']
  afterAll(() => printTable(`One added point, ${FINDING_RUNS} runs`, columns, rows))

  test.each(MODELS)('is found: $name', ({ name, exchange }) => {
    const belowNoise = 0.001
    const options = { belowNoise, maxPairs: 200_000, perSecond: 500, untilRollback: true }
    const runs = Array.from({ length: FINDING_RUNS }, (_, seed) => {
      return runNoise(exchange(ONE_POINT), seededRandom(seed + 1_001), options)
    })
    const pairs = runs.map(run => run.pairs)
    const found = runs.filter(({ verdict }) => verdict === 'ROLLBACK').length
    rows.push([
      name,
      `${points(belowNoise)} points`,
      `${found} of ${FINDING_RUNS}`,
      String(median(pairs)),
      String(Math.max(...pairs)),
    ])
    expect(found).toBe(FINDING_RUNS)
  })
})

import { expect, test } from 'vitest'
import { boundedLogE } from '../../src/evidence/e-process.ts'
import { HONEST, median, runArms, runPairs, seededRandom } from '../soak/evidence-simulation.ts'

/** Pairs of a window of one second, as in the figures of test/soak/evidence-figures.test.ts. */
const PER_WINDOW = 50

/** The most crossings that `runs` of a test at `alpha` may show: three standard deviations over the mean. */
const atMost = (alpha: number, runs: number): number => runs * alpha + 3 * Math.sqrt(runs * alpha * (1 - alpha))

test('a candidate exactly at the margin is rolled back in at most alpha of the runs, looked at every window', () => {
  const runs = 300
  const alpha = 0.05
  let crossed = 0
  for (let seed = 1; seed <= runs; seed++) {
    const random = seededRandom(seed)
    const counts: [number, number] = [0, 0]
    for (let window = 0; window < 300; window++) {
      for (let i = 0; i < 20; i++) counts[random() < 0.01 ? 1 : 0]++
      if (boundedLogE('harm', [0, 1], counts, 0.01) < Math.log(1 / alpha)) continue
      crossed++
      break
    }
  }
  expect(crossed).toBeLessThanOrEqual(atMost(alpha, runs))
})

/** Share of bad requests: twenty times as many while the ramp is at 1 %. */
const base = (request: number): number => (request < 3_000 ? 0.1 : 0.005)

test('equal arms under a ramp with an incident at 1 % are rolled back in at most alpha of the runs', () => {
  const runs = 60
  const alpha = 0.05
  const ramp = { steps: [0.01, 0.05, 0.2, 0.5], requestsPerStep: 5_000 }
  const options = { ramp, perWindow: 100, maxRequests: 30_000, bar: Math.log(1 / alpha) }
  let crossed = 0
  for (let seed = 1; seed <= runs; seed++) {
    if (runArms({ base, ratio: 1.1 }, seededRandom(seed), options) !== null) crossed++
  }
  expect(crossed).toBeLessThanOrEqual(atMost(alpha, runs))
})

test('a candidate that agrees on 95 % where 99 % are asked is rolled back after about 215 pairs', () => {
  const races = Array.from({ length: 300 }, (_, i) =>
    runPairs({ ...HONEST, disagree: 0.05 }, seededRandom(i + 1), { perWindow: PER_WINDOW, maxPairs: 20_000 }),
  )
  expect(races.every(({ verdict, gate }) => verdict === 'ROLLBACK' && gate === 'agreement')).toBe(true)
  const pairs = median(races.map(race => race.pairs))
  expect(pairs).toBeGreaterThan(215 * 0.85)
  expect(pairs).toBeLessThan(215 * 1.15)
})

test('an honest candidate is promoted after about 8 000 pairs', () => {
  const races = Array.from({ length: 200 }, (_, i) =>
    runPairs(HONEST, seededRandom(i + 1), { perWindow: PER_WINDOW, maxPairs: 100_000 }),
  )
  expect(races.filter(({ verdict }) => verdict !== 'PROMOTE').length).toBeLessThanOrEqual(atMost(0.01, 200))
  const pairs = median(races.map(race => race.pairs))
  expect(pairs).toBeGreaterThan(8_000 * 0.75)
  expect(pairs).toBeLessThan(8_000 * 1.25)
})

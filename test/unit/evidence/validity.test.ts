import { describe, expect, test } from 'vitest'
import type { CoverageCounts } from '../../../src/evidence/coverage.ts'
import { sampleRatio } from '../../../src/evidence/sample-ratio.ts'
import { findInvalidity } from '../../../src/evidence/validity.ts'
import { seededRandom } from '../../soak/evidence-simulation.ts'
import { covered, look, SETTINGS } from './verdict-input.ts'

const check = (changes: Parameters<typeof look>[1] = {}) => findInvalidity({ ...look(20_000, changes), ...SETTINGS })

const outcomes = (requests: number) => ({ requests, errors: 0, slow: 0 })
const arms = (canary: number, primary: number) => [{ rho: 0.05, canary: outcomes(canary), primary: outcomes(primary) }]
const coverage = (counts: CoverageCounts, agreementAsked: number | null = 0.99) =>
  check({ coverage: counts, agreementAsked })?.code ?? null

test('sound evidence is valid', () => {
  expect(check()).toBeNull()
})

test('versions or settings that changed under the same id are invalid', () => {
  expect(check({ settingsChanged: true })?.code).toBe('settings_changed')
})

describe('the split', () => {
  test('is valid at its probability', () => {
    expect(check({ sampleRatio: sampleRatio(arms(500, 9_500), 0.01) })).toBeNull()
  })

  test.each([
    [700, 9_300],
    [300, 9_700],
  ])('is broken when the canary gets %d and the primary %d at 5 %%', (canary, primary) => {
    const found = check({ sampleRatio: sampleRatio(arms(canary, primary), 0.01) })
    expect(found?.code).toBe('sample_ratio')
    expect(found?.reason).toContain('10 000 requests')
  })

  test('says nothing where all requests go to one arm', () => {
    const all = [{ rho: 1, canary: outcomes(1_000), primary: outcomes(0) }]
    expect(sampleRatio(all, 0.01)).toMatchObject({ n: 0, logE: 0, isBroken: false })
    expect(sampleRatio([], 0.01)).toMatchObject({ n: 0, logE: 0, isBroken: false })
  })
})

describe('the comparator', () => {
  test.each([
    [20_000, 20, null],
    [20_000, 21, 'comparator_failed'],
    [10, 1, null], // one failure is no share yet
    [10, 2, 'comparator_failed'],
    [0, 0, null],
  ])('of %d pairs failing on %d: %s', (pairs, failed, code) => {
    expect(check({ comparator: { pairs, failed } })?.code ?? null).toBe(code)
  })
})

describe('coverage', () => {
  test('is invalid when it is low and what was lost could tip the agreement gate', () => {
    expect(coverage(covered(10_000, 8_000, 2_000))).toBe('coverage')
    expect(check({ coverage: covered(10_000, 8_000, 2_000) })?.reason).toBe(
      'coverage is 80 %, most was lost to in_flight: agreement may be anything between 80 % and 100 %, 99 % asked',
    )
  })

  test('is given 10 times min_pairs', () => {
    expect(coverage(covered(4_999, 4_000, 999))).toBeNull()
    expect(coverage(covered(5_000, 4_000, 1_000))).toBe('coverage')
  })

  test('is valid when even the best case is below the margin, or the worst above', () => {
    expect(coverage(covered(10_000, 7_000, 2_000))).toBeNull()
    expect(coverage(covered(10_000, 8_000, 2_000), 0.75)).toBeNull()
  })

  test('is valid when enough, although the bounds always straddle a margin this close', () => {
    expect(coverage(covered(10_000, 9_800, 200))).toBeNull()
  })

  test('is no question without an agreement gate', () => {
    expect(coverage(covered(10_000, 8_000, 2_000), null)).toBeNull()
  })

  test('counts exchanges that were not sampled as no loss', () => {
    expect(coverage({ ...covered(10_000, 9_990, 10), eligible: 1_000_000 })).toBeNull()
  })
})

describe('batches of votes', () => {
  const random = seededRandom(1)
  const noise = Array.from({ length: 1_000 }, () => random() - 0.5)
  const persistent: number[] = []
  for (const each of noise) persistent.push(0.5 * (persistent.at(-1) ?? 0) + each)

  test('that are independent are valid', () => {
    expect(check({ batchMeans: { errors: noise } })).toBeNull()
  })

  test('that follow each other are invalid, and the gate is named', () => {
    const found = check({ batchMeans: { errors: noise, latency: persistent } })
    expect(found?.code).toBe('dependent_votes')
    expect(found?.reason).toMatch(/^latency: .*autocorrelation 0\.[45]\d, at most 0\.2/)
  })

  test('are not judged by a few, nor by two failures next to each other', () => {
    expect(check({ batchMeans: { errors: persistent.slice(0, 10) } })).toBeNull()
    const rare = Array.from({ length: 1_000 }, (_, i) => Number(i === 500 || i === 501))
    expect(check({ batchMeans: { errors: rare } })).toBeNull()
  })

  test('that are all alike, or none, are valid', () => {
    for (const means of [[], [0.1], Array.from({ length: 100 }, () => 0.1)]) {
      expect(check({ batchMeans: { errors: means } })).toBeNull()
    }
  })
})

test('an event loop that lags over a tenth of the latency judged is invalid', () => {
  expect(check({ loopLagUs: 25_000, latencyMarginUs: 250_000 })).toBeNull()
  const found = check({ loopLagUs: 25_001, latencyMarginUs: 250_000 })
  expect(found?.code).toBe('event_loop_lag')
  expect(found?.reason).toBe('the event loop lags over 25.0 ms (p99), more than a tenth of the 250 ms judged')
  expect(check({ loopLagUs: 1e6, latencyMarginUs: null })).toBeNull()
})

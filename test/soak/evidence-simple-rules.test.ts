import { afterAll, describe, expect, test } from 'vitest'
import { atMost, RUNS, share } from './evidence-runs.ts'
import { median, seededRandom, type Random } from './evidence-simulation.ts'
import {
  mannWhitney,
  noiseRule,
  rankRule,
  thresholdRule,
  understudyRule,
  type Minute,
  type Rule,
} from './evidence-simple-rules.ts'
import { printTable } from './evidence-table.ts'

/** 20 requests a second for an hour. */
const REQUESTS_PER_MINUTE = 1_200
const MINUTES = 60

const RULES: readonly [name: string, make: () => Rule][] = [
  ['Understudy, errors at most +0.2 points', understudyRule],
  ['success of each minute over 99 % (as Flagger)', thresholdRule],
  ['Mann-Whitney on 1-minute points (as Kayenta)', rankRule],
  ['more differences than noise (as Diffy)', noiseRule],
]

/** Shares of bad answers of primary and candidate in a minute. */
type Course = (minute: number) => readonly [primary: number, candidate: number]

const steady: Course = () => [0.005, 0.005]
const incident: Course = minute => (minute >= 20 && minute < 26 ? [0.1, 0.1] : [0.005, 0.005])
const doubled: Course = () => [0.005, 0.01]
const fourfold: Course = () => [0.005, 0.02]

const TRAFFIC: readonly [name: string, course: Course, isHonest: boolean][] = [
  ['A/A, 0.5 % errors', steady, true],
  ['A/A, 20-fold incident on both', incident, true],
  ['0.5 → 1 %', doubled, false],
  ['0.5 → 2 %', fourfold, false],
]

function drawMinute([primary, candidate]: readonly [number, number], random: Random): Minute {
  const bad = { primary: 0, candidate: 0 }
  let onlyCandidate = 0
  let onlyPrimary = 0
  let noise = 0
  for (let i = 0; i < REQUESTS_PER_MINUTE; i++) {
    const isPrimaryBad = random() < primary
    const isCandidateBad = random() < candidate
    if (isPrimaryBad) bad.primary++
    if (isCandidateBad) bad.candidate++
    if (isCandidateBad && !isPrimaryBad) onlyCandidate++
    if (isPrimaryBad && !isCandidateBad) onlyPrimary++
    if (random() < primary !== isPrimaryBad) noise++
  }
  return { requests: REQUESTS_PER_MINUTE, bad, onlyCandidate, onlyPrimary, raw: onlyCandidate + onlyPrimary, noise }
}

describe('the same traffic under simple rules, an hour of it', () => {
  const cells = new Map<string, string[]>(RULES.map(([name]) => [name, [name]]))
  afterAll(() => {
    const header = ['rule', ...TRAFFIC.map(([name, , isHonest]) => `${name}: ${isHonest ? 'false alarms' : 'found'}`)]
    printTable(`Stopped within an hour (median minutes), ${RUNS} runs`, header, [...cells.values()])
  })

  test.each(TRAFFIC)('%s', (_name, course, isHonest) => {
    const alarms = RULES.map(() => [] as number[])
    for (let seed = 1; seed <= RUNS; seed++) {
      const random = seededRandom(seed)
      const rules = RULES.map(([, make]) => make())
      const isStopped = RULES.map(() => false)
      for (let minute = 1; minute <= MINUTES && isStopped.includes(false); minute++) {
        const drawn = drawMinute(course(minute), random)
        rules.forEach((rule, i) => {
          if (isStopped[i] === true || !rule(drawn)) return
          isStopped[i] = true
          alarms[i]?.push(minute)
        })
      }
    }
    RULES.forEach(([name], i) => {
      const minutes = alarms[i] as number[]
      cells.get(name)?.push(share(minutes.length) + (minutes.length === 0 ? '' : ` (${median(minutes)})`))
    })
    const ours = (alarms[0] as number[]).length
    if (isHonest) expect(ours).toBeLessThanOrEqual(atMost(0.01))
    else expect(ours).toBeGreaterThanOrEqual(0.95 * RUNS)
  })
})

test('Mann-Whitney agrees with a table: 1 to 5 against 6 to 10 is 2.61 standard errors apart', () => {
  expect(mannWhitney([6, 7, 8, 9, 10], [1, 2, 3, 4, 5])).toBeCloseTo(2.611, 3)
  expect(mannWhitney([1, 1, 1], [1, 1, 1])).toBe(0)
})

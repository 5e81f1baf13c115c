import { afterAll, describe, expect, test } from 'vitest'
import { FirstVotes } from '../../src/analysis/first-votes.ts'
import { decide, FIRST_LOOK } from '../../src/evidence/verdict.ts'
import { look } from '../unit/evidence/verdict-input.ts'
import { atMost, countRuns, PER_WINDOW, RUNS, share } from './evidence-runs.ts'
import { RAMP, runArms, runVotes, seededRandom, type Question, type Random } from './evidence-simulation.ts'
import { printTable } from './evidence-table.ts'

const DIFFERENCE = [0, 0.5, 1]

/** Share of bad requests of both arms: twenty times as many for a while at the first step of the ramp. */
const incident = (request: number): number => (request > 30_000 && request < 60_000 ? 0.1 : 0.005)

/** Requests of sessions, one after the other, that agree or disagree together; at the margin of 1 %. */
function sessionsOf(length: number, random: Random): () => { session: number; vote: number } {
  let request = 0
  let vote = 0
  return () => {
    if (request % length === 0) vote = Number(random() < 0.01)
    return { session: Math.floor(request++ / length), vote }
  }
}

describe('false rollbacks under a look at every window', () => {
  const alpha = 0.05
  const rows: string[][] = []
  const harm = (values: readonly number[], q: number): Question => ({ side: 'harm', values, q, alpha })
  const options = { perWindow: PER_WINDOW, maxVotes: 20_000 }
  afterAll(() => printTable(`False rollbacks, alpha ${alpha}, ${RUNS} runs`, ['traffic', 'measured', 'bound'], rows))

  function judge(traffic: string, run: (random: Random) => boolean): void {
    const count = countRuns(run)
    rows.push([traffic, share(count), share(atMost(alpha))])
    expect(count).toBeLessThanOrEqual(atMost(alpha))
  }

  test('A/A, disagreement exactly at the margin', () => {
    judge('A/A, 1 % disagree, at the margin', random => {
      return runVotes(harm([0, 1], 0.01), () => Number(random() < 0.01), options) !== null
    })
  })

  test('A/A with sessions of five equal votes, one vote a session', () => {
    judge('A/A, sessions of 5, `unit` set', random => {
      const units = new FirstVotes<number>()
      const requests = sessionsOf(5, random)
      const next = () => {
        for (;;) {
          const { session, vote } = requests()
          if (units.isFirst(session)) return vote
        }
      }
      return runVotes(harm([0, 1], 0.01), next, { ...options, perWindow: PER_WINDOW / 5 }) !== null
    })
    const all = countRuns(random => {
      const requests = sessionsOf(5, random)
      return runVotes(harm([0, 1], 0.01), () => requests().vote, options) !== null
    })
    rows.push(['the same without `unit`', share(all), 'none'])
  })

  test('a ramp with an incident of both arms at 1 %', () => {
    judge('ramp 1→5→20→50 %, 20-fold incident at 1 %', random => {
      const bar = Math.log(1 / alpha)
      return (
        runArms({ base: incident, ratio: 1.1 }, random, { ramp: RAMP, perWindow: 500, maxRequests: 360_000, bar }) !==
        null
      )
    })
  })

  test('a shadow 20 x slower whose errors return at once, in order of arrival', () => {
    const errors = { shadow: 0.012, primary: 0.01 }
    const question = harm(DIFFERENCE, 0.501)
    const vote = (random: Random) => 1 + Number(random() < errors.shadow) - Number(random() < errors.primary)
    judge('shadow 20 x slower, errors at once', random => runVotes(question, () => vote(random), options) !== null)
    const completed = countRuns(random => {
      // What a judge sees that counts pairs as they complete: successes of a shadow that takes 8 s are
      // 400 pairs behind its errors.
      const late: number[] = []
      const next = () => {
        for (;;) {
          const arrived = vote(random)
          if (arrived === 2) return arrived
          late.push(arrived)
          if (late.length > 400) return late.shift() as number
        }
      }
      return runVotes(question, next, { ...options, perWindow: 1, maxVotes: 2_000 }) !== null
    })
    rows.push(['the same in order of completion', share(completed), 'none'])
  })

  test('a stochastic model against its own noise', () => {
    judge('30 % noise, control, shadow 1 point worse', random => {
      const vote = () => {
        // The primary's answer is one of both pairs: an unusual one disagrees with the shadow and with the control.
        const isUnusual = random() < 0.1
        const noise = isUnusual ? 0.9 : 0.233
        return 1 + Number(random() < noise + 0.01) - Number(random() < noise)
      }
      return runVotes(harm(DIFFERENCE, 0.505), vote, options) !== null
    })
  })
})

describe('wrong promotions', () => {
  const alpha = 0.05
  const rows: string[][] = []
  afterAll(() => printTable(`Wrong promotions, alpha ${alpha}, ${RUNS} runs`, ['truth', 'measured', 'bound'], rows))

  test.each<[string, readonly number[], number, (random: Random) => number]>([
    ['agreement at the margin', [0, 1], 0.01, random => Number(random() < 0.01)],
    ['errors at the margin', DIFFERENCE, 0.501, random => 1 + Number(random() < 0.012) - Number(random() < 0.01)],
  ])('%s', (truth, values, q, vote) => {
    const count = countRuns(random => {
      const question: Question = { side: 'safe', values, q, alpha }
      return runVotes(question, () => vote(random), { perWindow: PER_WINDOW, maxVotes: 20_000 }) !== null
    })
    rows.push([truth, share(count), share(atMost(alpha))])
    expect(count).toBeLessThanOrEqual(atMost(alpha))
  })
})

test('a candidate that agrees on 90 % is never promoted when 80 % of the copies, those that disagree first, are lost', () => {
  const verdicts = new Set<string>()
  for (let seed = 1; seed <= Math.min(RUNS, 100); seed++) {
    const random = seededRandom(seed)
    let agree = 0
    let sampled = 0
    let memory = FIRST_LOOK
    for (let second = 1; second <= 900; second++) {
      for (let i = 0; i < PER_WINDOW; i++) if (random() < 0.2) agree++
      sampled += PER_WINDOW
      if (second % 10 > 0) continue
      const lost = { in_flight: sampled - agree }
      const coverage = { eligible: sampled, sampled, paired: agree, agree, disagree: 0, lost }
      const decision = decide(look(agree, { coverage, elapsedMs: second * 1_000, memory }))
      memory = decision.memory
      verdicts.add(decision.verdict)
    }
  }
  expect([...verdicts].sort()).toEqual(['CONTINUE', 'INVALID'])
})

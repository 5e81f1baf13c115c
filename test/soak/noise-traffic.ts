import { Analysis } from '../../src/analysis/analysis.ts'
import { startClock } from '../../src/clock.ts'
import type { ExperimentPlan } from '../../src/config/snapshot.ts'
import { Judge } from '../../src/judge/judge.ts'
import type { PairFrame } from '../../src/wire/pair-frame.ts'
import { experimentPlan, leg, packed, pairFrame, snapshotOf } from '../support/pairs.ts'
import { START } from '../support/verdicts.ts'
import { countsOf } from '../support/windows.ts'
import type { Random } from './evidence-simulation.ts'

/** Draws the answers of primary, shadow and control to one request: numbers of answers, equal ones agree. */
export type Exchange = (random: Random) => readonly [primary: number, shadow: number, control: number]

/** What came of a run: `excess` of disagreement over the noise, a share of the pairs; null before there is one. */
export interface NoiseRun {
  readonly excess: number | null
  readonly verdict: string
  /** Pairs behind it. */
  readonly pairs: number
}

interface NoiseOptions {
  /** Most by which the candidate may be over the noise, a share. */
  readonly belowNoise: number
  readonly maxPairs: number
  /** Of one second; the judge looks after each. */
  readonly perSecond: number
  /** Stops with the first ROLLBACK. */
  readonly untilRollback: boolean
}

const ORIGIN = 'host/0a1b2c3d/0'
const CHAT = '/v1/chat/completions'

function plans(belowNoise: number): readonly [shadow: ExperimentPlan, control: ExperimentPlan] {
  const plan = experimentPlan()
  const none = { agreement: null, errors: null, latency: null }
  return [
    {
      ...plan,
      gates: { ...plan.gates, ...none, agreement: { belowNoise } },
      verdict: { ...plan.verdict, warmUpMs: 0, minDurationMs: 0 },
    },
    { ...plan, id: 'digits.v1b.00000000', role: 'control', gates: { ...plan.gates, ...none } },
  ]
}

/** Answers of a chat, as a server with an id and a time of its own for each would send them. */
function answer(text: number, id: string): string {
  const choice = { index: 0, message: { role: 'assistant', content: `answer ${text}` }, finish_reason: 'stop' }
  return JSON.stringify({ id, object: 'chat.completion', created: START, choices: [choice] })
}

/**
 * Two experiments with a shadow and a control for every request, through what a process has between its data-plane threads
 * and its verdict: frames, decoders, comparison, joins, windows, judge.
 */
export function runNoise(exchange: Exchange, random: Random, options: NoiseOptions): NoiseRun {
  const [shadow, control] = plans(options.belowNoise)
  const snapshot = snapshotOf([shadow, control], { record: null })
  const analysis = new Analysis({ snapshot, clock: startClock(), log: failOn, open: () => [] })
  const judge = new Judge()
  judge.apply(snapshot.experiments)
  analysis.attach(ORIGIN)
  let pairs = 0
  for (let second = START; pairs < options.maxPairs; second++) {
    const frames = Array.from({ length: options.perSecond }, (_, i) => twoPairs(exchange(random), second, pairs + i))
    const { buffer, used, count } = packed(frames.flat())
    analysis.frames(ORIGIN, buffer, used, count)
    const n = options.perSecond
    const counts = countsOf({ eligible: n, sampled: n, sent: n, pairs: n })
    const tallies = [0, 1].map(experiment => ({ revision: 1, experiment, second, counts, arms: [] }))
    analysis.tally(ORIGIN, { kind: 'tally', tallies, settledBefore: second + 1, oldestRevision: 1 })
    for (const window of analysis.report().windows) judge.add(window)
    judge.settle(second + 1)
    pairs += n
    if (options.untilRollback && judge.look(shadow.id)?.decision.verdict === 'ROLLBACK') break
  }
  const look = judge.look(shadow.id)
  const gate = look?.gates.find(({ id }) => id === 'agreement')
  // Histograms of ended experiments are given back.
  analysis.apply({ ...snapshot, revision: 2, experiments: [] })
  analysis.tally(ORIGIN, { kind: 'tally', tallies: [], settledBefore: 0, oldestRevision: 2 })
  return { excess: gate?.estimate ?? null, verdict: look?.decision.verdict ?? '', pairs }
}

/** One exchange makes a frame for each of its shadows, in either order. */
function twoPairs([primary, shadow, control]: readonly number[], second: number, id: number): PairFrame[] {
  const live = leg(answer(primary ?? 0, `p-${id}`))
  const common = { id: `exchange-${id}`, arrivedAtUs: second * 1e6, path: CHAT, hasControl: true }
  const frames = [
    pairFrame(live, leg(answer(shadow ?? 0, `s-${id}`)), { ...common, experiment: 0 }),
    pairFrame(live, leg(answer(control ?? 0, `c-${id}`)), { ...common, experiment: 1 }),
  ]
  return id % 2 === 0 ? frames : frames.toReversed()
}

function failOn(level: string, message: string, fields: object): void {
  if (level === 'error') throw new Error(`${message}: ${JSON.stringify(fields)}`)
}

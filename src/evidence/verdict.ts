import { coverage, mainLoss } from './coverage.ts'
import type { GateResult } from './gate.ts'
import { findInvalidity, type Invalidity, type InvalidCode, type ValidityInput } from './validity.ts'
import { duration, grouped, percent } from './words.ts'

export const VERDICTS = ['PROMOTE', 'CONTINUE', 'ROLLBACK', 'INVALID', 'EXPIRED'] as const
export type Verdict = (typeof VERDICTS)[number]

/** What keeps an experiment undecided. */
type OpenCode =
  | 'warm_up' // too early: nothing is judged yet
  | 'no_evidence' // no traffic, or none that a declared gate is about
  | 'open_gates' // a gate is neither safe nor harmful yet
  | 'low_coverage' // too many sampled exchanges were lost
  | 'min_pairs' // too few pairs, or canary requests
  | 'min_duration' // too short
export type VerdictCode = OpenCode | InvalidCode | 'harm' | 'all_safe'

export interface VerdictSettings {
  readonly minPairs: number
  readonly minDurationMs: number
  readonly maxDurationMs: number
  readonly warmUpMs: number
  /** The least share of sampled exchanges that must have been compared, 0 to 1. */
  readonly leastCoverage: number
}

export interface VerdictInput extends Omit<ValidityInput, 'leastCoverage' | 'minPairs'> {
  readonly settings: VerdictSettings
  /** Every declared gate. */
  readonly gates: readonly GateResult[]
  /** Votes after warm-up. */
  readonly pairs: number
  readonly canaryRequests: number
  /** Arrival time from the experiment's first exchange to the newest sealed window. */
  readonly elapsedMs: number
  readonly memory: VerdictMemory
}

/** What earlier looks decided for good: to be kept with the experiment and given to the next look. */
export interface VerdictMemory {
  readonly invalid: Invalidity | null
  /** The gate whose harm was shown first. */
  readonly rolledBackBy: string | null
  readonly isPromoted: boolean
}

export const FIRST_LOOK: VerdictMemory = { invalid: null, rolledBackBy: null, isPromoted: false }

export interface Decision {
  readonly verdict: Verdict
  readonly code: VerdictCode
  /** In plain words. */
  readonly reason: string
  readonly memory: VerdictMemory
}

/** These stay true once shown; the others can pass (an overload, a burst of failures). */
const STICKY_INVALID: readonly InvalidCode[] = ['settings_changed', 'sample_ratio']

/**
 * A candidate that has become worse causes these by itself: its failures come in runs, and copies are lost to it. They do
 * not take back a harm that was shown before them.
 */
const INVALID_BY_HARM: readonly InvalidCode[] = ['coverage', 'dependent_votes', 'event_loop_lag']
/** These are about pairs: what canary clients have met is evidence all the same. */
const INVALID_PAIRS: readonly InvalidCode[] = [...INVALID_BY_HARM, 'comparator_failed']

/**
 * One look at an experiment: INVALID before ROLLBACK before PROMOTE before CONTINUE before EXPIRED. Two things come before
 * an INVALID that is about pairs alone: harm to canary clients, and a ROLLBACK of an earlier look, where harm itself may
 * have spoilt the pairs. A candidate that is down loses its copies too.
 */
export function decide(input: VerdictInput): Decision {
  const { settings, memory } = input
  const found = memory.invalid ?? findInvalidity({ ...input, ...settings })
  if (found !== null && !(memory.rolledBackBy !== null && INVALID_BY_HARM.includes(found.code))) {
    const arms = INVALID_PAIRS.includes(found.code) ? input.gates.filter(({ kind }) => kind === 'arms') : []
    const harmed = arms.find(({ id }) => id === memory.rolledBackBy) ?? firstHarmful(arms)
    if (harmed !== undefined) return rollback(memory, harmed)
    const invalid = STICKY_INVALID.includes(found.code) ? found : null
    return { verdict: 'INVALID', ...found, memory: { ...memory, invalid } }
  }
  const harmful = input.gates.find(({ id }) => id === memory.rolledBackBy) ?? firstHarmful(input.gates)
  if (memory.rolledBackBy !== null || harmful !== undefined) return rollback(memory, harmful)
  const blockers = findBlockers(input)
  const first = blockers[0]
  if (memory.isPromoted || first === undefined) {
    const reason = first === undefined ? safeInWords(input) : `every gate was safe before; now ${joined(blockers)}`
    return { verdict: 'PROMOTE', code: 'all_safe', reason, memory: { ...memory, isPromoted: true } }
  }
  const reason = joined(blockers)
  if (input.elapsedMs < settings.maxDurationMs) return { verdict: 'CONTINUE', code: first.code, reason, memory }
  const after = `undecided after ${duration(settings.maxDurationMs)}`
  return { verdict: 'EXPIRED', code: first.code, reason: `${after}: ${reason}`, memory }
}

const over = ({ logE, threshold }: GateResult): number => logE.harm - threshold.harm
const spare = ({ logE, threshold }: GateResult): number => logE.safe - threshold.safe

/** Of several, the one that is furthest over its threshold. */
function firstHarmful(gates: readonly GateResult[]): GateResult | undefined {
  let worst: GateResult | undefined
  for (const gate of gates) {
    if (gate.state === 'harm' && (worst === undefined || over(gate) > over(worst))) worst = gate
  }
  return worst
}

function rollback(memory: VerdictMemory, gate: GateResult | undefined): Decision {
  const id = memory.rolledBackBy ?? (gate as GateResult).id
  const isStill = gate?.state === 'harm'
  const reason = isStill ? gate.reason : `${id} showed harm before${gate === undefined ? '' : `; now ${gate.reason}`}`
  return {
    verdict: 'ROLLBACK',
    code: 'harm',
    reason,
    memory: { ...memory, rolledBackBy: id, isPromoted: false },
  }
}

interface Blocker {
  readonly code: OpenCode
  readonly reason: string
}

function joined(blockers: readonly Blocker[]): string {
  return blockers.map(({ reason }) => reason).join('; ')
}

/** Everything that stands between the experiment and PROMOTE, the most telling first. */
function findBlockers(input: VerdictInput): Blocker[] {
  const { settings, elapsedMs } = input
  if (elapsedMs < settings.warmUpMs) {
    return [{ code: 'warm_up', reason: `warm-up: ${duration(settings.warmUpMs - elapsedMs)} left` }]
  }
  const gates = askedGates(input)
  if (gates.length === 0) return [{ code: 'no_evidence', reason: 'no traffic that a declared gate is about' }]
  const blockers: Blocker[] = []
  for (const { state, reason } of gates) {
    if (state !== 'safe') blockers.push({ code: state === 'no_data' ? 'no_evidence' : 'open_gates', reason })
  }
  // An open gate says how much is missing, an empty one only that something is.
  blockers.sort((a, b) => Number(a.code === 'no_evidence') - Number(b.code === 'no_evidence'))
  const { share } = coverage(input.coverage)
  if (share !== null && share < settings.leastCoverage) {
    const loss = `most was lost to ${mainLoss(input.coverage) ?? 'nothing'}`
    const reason = `coverage ${percent(share)} is below ${percent(settings.leastCoverage)}, ${loss}`
    blockers.push({ code: 'low_coverage', reason })
  }
  const [votes, what] = hasPairs(input) ? [input.pairs, 'pairs'] : [input.canaryRequests, 'canary requests']
  if (votes < settings.minPairs) {
    blockers.push({ code: 'min_pairs', reason: `${grouped(votes)} of at least ${grouped(settings.minPairs)} ${what}` })
  }
  if (elapsedMs < settings.minDurationMs) {
    const reason = `${duration(elapsedMs)} of at least ${duration(settings.minDurationMs)}`
    blockers.push({ code: 'min_duration', reason })
  }
  return blockers
}

/** The gates whose kind of evidence there is: shadow pairs, canary clients, or both. */
function askedGates(input: VerdictInput): readonly GateResult[] {
  return input.gates.filter(({ kind }) => (kind === 'pairs' ? hasPairs(input) : input.canaryRequests > 0))
}

/** Exchanges that were sampled ask for pairs, although every copy may have been lost. */
function hasPairs({ pairs, coverage }: VerdictInput): boolean {
  return pairs > 0 || coverage.sampled > 0
}

function safeInWords(input: VerdictInput): string {
  const gates = askedGates(input)
  const votes = hasPairs(input) ? `${grouped(input.pairs)} pairs` : `${grouped(input.canaryRequests)} canary requests`
  let last = gates[0]
  for (const gate of gates) if (last !== undefined && spare(gate) < spare(last)) last = gate
  const names = gates.map(({ id }) => id).join(', ')
  const closest = last === undefined ? '' : `; the closest was ${last.reason}`
  return `every gate is safe (${names}) after ${votes} in ${duration(input.elapsedMs)}${closest}`
}

import { conditionalLogE } from '../../src/evidence/conditional.ts'
import { boundedLogE } from '../../src/evidence/e-process.ts'
import type { Side } from '../../src/evidence/mixture.ts'

/** Uniform numbers in [0, 1). */
export type Random = () => number

/**
 * The same numbers for the same seed: sfc32 of PractRand, 128 bits of state. A generator with 32 bits would give runs
 * that overlap: a table draws over 10^9 numbers.
 */
export function seededRandom(seed: number): Random {
  let a = seed | 0
  let b = 0x9e3779b9 | 0
  let c = 0x243f6a88 | 0
  let counter = 1
  const next = (): number => {
    const mixed = (((a + b) | 0) + counter) | 0
    counter = (counter + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = (((c << 21) | (c >>> 11)) + mixed) | 0
    return (mixed >>> 0) / 2 ** 32
  }
  // Neighbouring seeds differ in one word: a few rounds spread it over all.
  for (let i = 0; i < 20; i++) next()
  return next
}

/** A gate of the simulation: the values its votes take, its bound, its counts so far. */
export interface SimulatedGate {
  readonly id: string
  readonly values: readonly number[]
  readonly q: number
  readonly counts: number[]
}

/** The four gates of a routing file that declares none but slowdown, with the margins of its defaults. */
export function defaultGates(): SimulatedGate[] {
  return [
    { id: 'agreement', values: [0, 1], q: 0.01, counts: [0, 0] },
    { id: 'errors', values: [0, 0.5, 1], q: 0.501, counts: [0, 0, 0] },
    { id: 'latency', values: [0, 0.5, 1], q: 0.5025, counts: [0, 0, 0] },
    { id: 'slowdown', values: [0, 1], q: 0.5, counts: [0, 0] },
  ]
}

/** What is true of a candidate: shares of pairs. */
export interface Truth {
  readonly disagree: number
  readonly errors: { readonly primary: number; readonly shadow: number }
  readonly slow: { readonly primary: number; readonly shadow: number }
  /** Pairs in which the shadow takes over 1.1 times as long. */
  readonly slower: number
}

export const HONEST: Truth = {
  disagree: 0.001,
  errors: { primary: 0.001, shadow: 0.001 },
  slow: { primary: 0.01, shadow: 0.01 },
  slower: 0.3,
}

export interface Race {
  readonly verdict: 'PROMOTE' | 'ROLLBACK' | 'CONTINUE'
  readonly pairs: number
  /** The gate that decided. */
  readonly gate: string
}

export interface RaceOptions {
  readonly perWindow: number
  readonly maxPairs: number
  readonly alphaRollback?: number
  readonly alphaPromote?: number
  readonly minPairs?: number
}

/** The truth of each window in turn: of traffic whose load or weather changes. */
export type Course = () => Truth

/** Feeds windows of pairs to the gates and looks at every window, as the judge does, until a verdict or `maxPairs`. */
export function runPairs(course: Truth | Course, random: Random, options: RaceOptions): Race {
  const gates = defaultGates()
  const [agreement, errors, latency, slowdown] = gates.map(({ counts }) => counts) as [
    number[],
    number[],
    number[],
    number[],
  ]
  const harmBar = Math.log(gates.length / (options.alphaRollback ?? 0.01))
  const safeBar = Math.log(1 / (options.alphaPromote ?? 0.05))
  const minPairs = options.minPairs ?? 500
  let late = ''
  for (let pairs = options.perWindow; pairs <= options.maxPairs; pairs += options.perWindow) {
    const truth = typeof course === 'function' ? course() : course
    for (let i = 0; i < options.perWindow; i++) {
      bump(agreement, random() < truth.disagree ? 1 : 0)
      bump(errors, 1 + Number(random() < truth.errors.shadow) - Number(random() < truth.errors.primary))
      bump(latency, 1 + Number(random() < truth.slow.shadow) - Number(random() < truth.slow.primary))
      bump(slowdown, random() < truth.slower ? 1 : 0)
    }
    const harmful = gates.find(gate => logE('harm', gate) >= harmBar)
    if (harmful !== undefined) return { verdict: 'ROLLBACK', pairs, gate: harmful.id }
    if (pairs < minPairs) continue
    const open = gates.find(gate => logE('safe', gate) < safeBar)
    if (open === undefined) return { verdict: 'PROMOTE', pairs, gate: late }
    late = open.id
  }
  return { verdict: 'CONTINUE', pairs: options.maxPairs, gate: late }
}

export function logE(side: Side, gate: SimulatedGate): number {
  return boundedLogE(side, gate.values, gate.counts, gate.q)
}

export function bump(counts: number[], value: number): void {
  counts[value] = (counts[value] as number) + 1
}

/** A bell-shaped number with mean 0 and variance 1 (Box & Muller). */
export function gaussian(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1
    ? (sorted[middle] as number)
    : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2
}

/** A canary's way up: its routing probability over requests of both arms. */
export interface Ramp {
  readonly steps: readonly number[]
  readonly requestsPerStep: number
}

/** Ten minutes a step at 150 requests a second. */
export const RAMP: Ramp = { steps: [0.01, 0.05, 0.2, 0.5], requestsPerStep: 90_000 }

export interface ArmTruth {
  /** Share of bad requests of the primary's clients, which may change with time (a common incident). */
  readonly base: (request: number) => number
  /** The canary's risk in terms of the primary's. */
  readonly ratio: number
}

/** The events of a ramp, stratum by stratum, and a look at every window; requests until harm shows, or null. */
export function runArms(
  truth: ArmTruth,
  random: Random,
  options: { readonly ramp: Ramp; readonly perWindow: number; readonly maxRequests: number; readonly bar: number },
): number | null {
  const { ramp, perWindow, maxRequests, bar } = options
  const strata = ramp.steps.map(rho => ({ rho, canary: 0, primary: 0 }))
  for (let request = 1; request <= maxRequests; request++) {
    const step = Math.min(ramp.steps.length - 1, Math.floor((request - 1) / ramp.requestsPerStep))
    const stratum = strata[step] as { rho: number; canary: number; primary: number }
    const isCanary = random() < stratum.rho
    if (random() < truth.base(request) * (isCanary ? truth.ratio : 1)) {
      if (isCanary) stratum.canary++
      else stratum.primary++
    }
    if (request % perWindow === 0 && conditionalLogE('harm', strata, 1.1) >= bar) return request
  }
  return null
}

export interface Question {
  readonly side: Side
  readonly values: readonly number[]
  readonly q: number
  readonly alpha: number
}

/** Feeds votes (positions in `values`) in order and looks after every window; votes until the bar is met, or null. */
export function runVotes(
  question: Question,
  vote: () => number,
  options: { readonly perWindow: number; readonly maxVotes: number },
): number | null {
  const { side, values, q, alpha } = question
  const counts = values.map(() => 0)
  const bar = Math.log(1 / alpha)
  for (let n = 1; n <= options.maxVotes; n++) {
    bump(counts, vote())
    if (n % options.perWindow === 0 && boundedLogE(side, values, counts, q) >= bar) return n
  }
  return null
}

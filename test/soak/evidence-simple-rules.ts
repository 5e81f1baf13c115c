import { boundedLogE } from '../../src/evidence/e-process.ts'

/** One minute of traffic of which primary, candidate and a control (the primary's version again) answered everything. */
export interface Minute {
  readonly requests: number
  readonly bad: { readonly primary: number; readonly candidate: number }
  /** Requests that only the candidate, or only the primary, answered badly. */
  readonly onlyCandidate: number
  readonly onlyPrimary: number
  /** Requests that candidate and primary, and control and primary, answered differently. */
  readonly raw: number
  readonly noise: number
}

/** Takes minute after minute; true when the rule would stop the candidate. */
export type Rule = (minute: Minute) => boolean

/** The errors gate alone, at most 0.2 points more, with a whole alpha.rollback of 1 %; a look a minute. */
export function understudyRule(): Rule {
  const counts: [better: number, same: number, worse: number] = [0, 0, 0]
  return ({ requests, onlyCandidate, onlyPrimary }) => {
    counts[0] += onlyPrimary
    counts[1] += requests - onlyCandidate - onlyPrimary
    counts[2] += onlyCandidate
    return boundedLogE('harm', [0, 0.5, 1], counts, 0.501) >= Math.log(100)
  }
}

/** Flagger as its documentation sets it up: success rate of each minute at least 99 %, stopped at the fifth failure. */
export function thresholdRule(): Rule {
  let failed = 0
  return ({ requests, bad }) => {
    if (bad.candidate > 0.01 * requests) failed++
    return failed >= 5
  }
}

/** Kayenta's judge: Mann-Whitney on the shares of each minute at 98 %, over all minutes so far, every ten of them. */
export function rankRule(): Rule {
  const primary: number[] = []
  const candidate: number[] = []
  return ({ requests, bad }) => {
    primary.push(bad.primary / requests)
    candidate.push(bad.candidate / requests)
    return primary.length % 10 === 0 && mannWhitney(candidate, primary) > 2.326
  }
}

/** Diffy's rule: more differences than noise, by over 20 % of both together and over 0.03 % of all requests. */
export function noiseRule(): Rule {
  let requests = 0
  let raw = 0
  let noise = 0
  return minute => {
    requests += minute.requests
    raw += minute.raw
    noise += minute.noise
    const more = raw - noise
    return more > 0.2 * (raw + noise) && more > 0.000_3 * requests
  }
}

/** Standard score of the rank sum of `a` against `b`, positive when `a` is larger; normal approximation with ties. */
export function mannWhitney(a: readonly number[], b: readonly number[]): number {
  const all = [...a.map(value => ({ value, isA: true })), ...b.map(value => ({ value, isA: false }))]
  all.sort((x, y) => x.value - y.value)
  const n = all.length
  let ranks = 0
  let ties = 0
  for (let start = 0; start < n; ) {
    let end = start
    let ofA = 0
    while (end < n && all[end]?.value === all[start]?.value) if (all[end++]?.isA === true) ofA++
    const size = end - start
    ranks += (ofA * (start + 1 + end)) / 2
    ties += size ** 3 - size
    start = end
  }
  const u = ranks - (a.length * (a.length + 1)) / 2
  const product = a.length * b.length
  const variance = (product / 12) * (n + 1 - ties / (n * (n - 1)))
  return variance === 0 ? 0 : (u - product / 2) / Math.sqrt(variance)
}

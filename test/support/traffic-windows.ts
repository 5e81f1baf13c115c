import { bumpLatencies, emptyCounts, type SealedWindow } from '../../src/wire/window.ts'

/** Numbers from 0 to 1, the same for the same seed (a linear congruential generator; good enough to vary traffic). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}

interface Traffic {
  readonly experiment: string
  readonly origin: string
  /** Pairs of a second; latencies spread over the whole grid. */
  readonly pairs: number
}

/** A window as a thread seals it under mixed traffic: disagreements, failures, losses and all kinds of latencies. */
export function trafficWindow(second: number, random: () => number, traffic: Traffic): SealedWindow {
  const { experiment, origin, pairs } = traffic
  const counts = emptyCounts()
  for (let i = 0; i < pairs; i++) {
    const kind = random()
    const primaryUs = Math.round(1_000 * 2 ** (random() * 12))
    const shadowUs = Math.round(primaryUs * (0.7 + 0.6 * random()))
    const failed = kind < 0.002
    counts.outcomes[failed ? 'shadow_error' : kind < 0.01 ? 'disagree' : 'agree']++
    bumpLatencies(counts, primaryUs, failed ? Infinity : shadowUs, 1.1)
  }
  const dropped = random() < 0.1 ? 1 : 0
  counts.dropped.in_flight = dropped
  counts.pairs = pairs
  counts.sent = pairs
  counts.sampled = pairs + dropped
  counts.eligible = pairs + dropped
  return { schema: 'understudy.window/1', experiment, origin, second, counts }
}

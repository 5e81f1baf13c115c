import type { KeyPath, Report } from './problems.ts'
import type { RouteEntry } from './schema.ts'
import { GATES_OF_ARMS, GATES_OF_PAIRS } from './schema/verdict.ts'
import type { GatesPlan } from './snapshot.ts'

/** Reports an agreement that asks for neither or both of its margins, or for noise that nobody measures. */
export function checkAgreement(path: KeyPath, { gates, control }: RouteEntry, report: Report): void {
  const asked = gates?.agreement ?? null
  if (asked === null) return
  const where = [...path, 'gates', 'agreement']
  if ((asked.min === undefined) === (asked.below_noise === undefined)) {
    report(where, 'asks for neither or both of min and below_noise', 'give one of the two', 'key')
  } else if (asked.below_noise !== undefined && control === null) {
    report([...where, 'below_noise'], 'the noise is not measured', 'add a control: to the route', 'key')
  }
}

/** Nothing asked is never answered: such an experiment would go on until it expires. A ramp says so itself. */
export function checkAnyGate(path: KeyPath, { gates, canary }: RouteEntry, report: Report): void {
  if (gates === undefined || (canary?.ramp ?? null) !== null) return
  if (Object.values(gates).some(gate => gate !== null)) return
  report([...path, 'gates'], 'asks nothing', 'leave it out for the defaults, or declare a gate', 'key')
}

/** A gate that can never have evidence is never asked: what it was meant to guard would be promoted without it. */
export function checkArmGates(path: KeyPath, { gates, canary }: RouteEntry, report: Report): void {
  if (canary !== null || gates === undefined) return
  for (const gate of ['canary_errors', 'canary_latency'] as const) {
    if (gates[gate] === null || gates[gate] === undefined) continue
    report([...path, 'gates', gate], 'the route has no canary', 'add a canary:, or remove the gate', 'key')
  }
}

/** Where the tokens of a stream are is read from its body. */
export function checkFirstToken(path: KeyPath, { gates, compare }: RouteEntry, report: Report): void {
  if ((gates?.time_to_first_token ?? null) === null || compare !== 'off') return
  const where = [...path, 'gates', 'time_to_first_token']
  report(where, 'no stream is read: `compare` is off', 'remove the gate, or compare the answers', 'key')
}

/** What the route asks of a candidate that has pairs, canary clients, or both. */
export function gatesOf({ gates, compare }: RouteEntry, isShadow: boolean, isCanary: boolean): GatesPlan {
  const pairs = gates ?? (isShadow ? GATES_OF_PAIRS : GATES_OF_ARMS)
  const { canary_errors, canary_latency } = gates ?? (isCanary ? GATES_OF_ARMS : GATES_OF_PAIRS)
  const { errors, latency, time_to_first_token, slowdown } = pairs
  return {
    // Nothing is compared: nobody can ask whether it agrees.
    agreement: compare === 'off' ? null : agreementOf(pairs.agreement),
    errors: errors === null ? null : { maxIncrease: errors.max_increase },
    latency: latency === null ? null : { ...latenessOf(latency), maxIncrease: latency.max_increase },
    timeToFirstToken:
      time_to_first_token === null
        ? null
        : { ...latenessOf(time_to_first_token), maxIncrease: time_to_first_token.max_increase },
    slowdown: slowdown === null ? null : { medianRatio: slowdown.median_ratio },
    canaryErrors: canary_errors === null ? null : ratiosOf(canary_errors),
    canaryLatency: canary_latency === null ? null : { ...latenessOf(canary_latency), ...ratiosOf(canary_latency) },
  }
}

/** That exactly one of the two is given was checked. */
function agreementOf(
  asked: { min?: number | undefined; below_noise?: number | undefined } | null,
): GatesPlan['agreement'] {
  if (asked?.min !== undefined) return { min: asked.min }
  return asked?.below_noise === undefined ? null : { belowNoise: asked.below_noise }
}

function latenessOf({ percentile, threshold }: { percentile: number; threshold: 'auto' | number }) {
  return { percentile, thresholdUs: threshold === 'auto' ? null : threshold * 1e3 }
}

function ratiosOf({ max_ratio, max_increase }: { max_ratio: number; max_increase: number }) {
  return { maxRatio: max_ratio, maxIncrease: max_increase }
}

import type { ErrorCode } from '../errors.ts'
import {
  DURATION_EDGES_SECONDS,
  type ArmExtras,
  type FoldedHistogram,
  type LegName,
  type RequestCounters,
  type ShadowCounters,
} from '../wire/messages.ts'
import { DROP_REASONS, UNPAIRED_REASONS, zeroes, type DropReason, type UnpairedReason } from '../wire/outcomes.ts'

/**
 * The plain integers of one thread, cumulative since it started. They outlive a reload: a route that keeps its name
 * keeps its counts. Posted whole to the control thread once a second; a scrape never comes here.
 */
export class Counters {
  readonly #arms = new Map<string, ArmCounters>()
  readonly #shadows = new Map<string, MutableShadowCounters>()
  readonly #errors = new Map<string, { route: string; leg: LegName; code: ErrorCode; count: number }>()

  arm(route: string, arm: 'primary' | 'canary'): ArmCounters {
    const key = `${route}\n${arm}`
    let counters = this.#arms.get(key)
    if (counters === undefined) {
      counters = new ArmCounters(route, arm)
      this.#arms.set(key, counters)
    }
    return counters
  }

  shadow(route: string, shadow: string): MutableShadowCounters {
    const key = `${route}\n${shadow}`
    let counters = this.#shadows.get(key)
    if (counters === undefined) {
      counters = {
        route,
        shadow,
        eligible: 0,
        sampled: 0,
        sent: 0,
        dropped: zeroes(DROP_REASONS),
        pairs: 0,
        unpaired: zeroes(UNPAIRED_REASONS),
        inFlight: 0,
      }
      this.#shadows.set(key, counters)
    }
    return counters
  }

  error(route: string, leg: LegName, code: ErrorCode): void {
    const key = `${route}\n${leg}\n${code}`
    const row = this.#errors.get(key)
    if (row === undefined) this.#errors.set(key, { route, leg, code, count: 1 })
    else row.count++
  }

  requests(): RequestCounters[] {
    return [...this.#arms.values()].flatMap(arm => arm.rows())
  }

  arms(): ArmExtras[] {
    return [...this.#arms.values()].map(arm => arm.extras())
  }

  shadows(): ShadowCounters[] {
    return [...this.#shadows.values()]
  }

  errors(): { route: string; leg: LegName; code: ErrorCode; count: number }[] {
    return [...this.#errors.values()]
  }
}

/** The writable form of wire/messages.ts' ShadowCounters. */
export interface MutableShadowCounters {
  readonly route: string
  readonly shadow: string
  eligible: number
  sampled: number
  sent: number
  readonly dropped: Record<DropReason, number>
  pairs: number
  readonly unpaired: Record<UnpairedReason, number>
  inFlight: number
}

/** `none`: the client went away before a head was written. */
const CODE_CLASSES = ['none', '1xx', '2xx', '3xx', '4xx', '5xx'] as const

/** Answers of one arm of one route, by class of the status. */
export class ArmCounters {
  readonly #route: string
  readonly #arm: 'primary' | 'canary'
  /** Second attempts at another connection or endpoint. */
  retries = 0
  /** Requests the canary should have answered and the primary did, because it had no usable endpoint. */
  fallbacks = 0
  readonly #durations = CODE_CLASSES.map(() => new MutableHistogram())
  readonly #firstBytes = CODE_CLASSES.map(() => new MutableHistogram())

  constructor(route: string, arm: 'primary' | 'canary') {
    this.#route = route
    this.#arm = arm
  }

  /** `status` 0: no head was written. Times in microseconds. */
  answered(status: number, durationUs: number, firstByteUs: number): void {
    const index = Math.min(5, Math.floor(status / 100))
    ;(this.#durations[index] as MutableHistogram).add(durationUs / 1e6)
    if (status > 0) (this.#firstBytes[index] as MutableHistogram).add(firstByteUs / 1e6)
  }

  extras(): ArmExtras {
    return { route: this.#route, arm: this.#arm, retries: this.retries, fallbacks: this.fallbacks }
  }

  rows(): RequestCounters[] {
    return CODE_CLASSES.map((codeClass, i) => ({
      route: this.#route,
      arm: this.#arm,
      codeClass,
      duration: this.#durations[i] as MutableHistogram,
      timeToFirstByte: this.#firstBytes[i] as MutableHistogram,
    })).filter(row => row.codeClass === '2xx' || row.duration.total() > 0)
  }
}

class MutableHistogram implements FoldedHistogram {
  readonly buckets: number[] = Array.from({ length: DURATION_EDGES_SECONDS.length + 1 }, () => 0)
  sum = 0

  add(seconds: number): void {
    let i = 0
    while (i < DURATION_EDGES_SECONDS.length && seconds > (DURATION_EDGES_SECONDS[i] as number)) i++
    this.buckets[i] = (this.buckets[i] as number) + 1
    this.sum += seconds
  }

  total(): number {
    return this.buckets.reduce((sum, n) => sum + n, 0)
  }
}

import type { Outcome } from '../wire/outcomes.ts'

/** A pair of the shadow and one of the control that belong to the same request. */
export interface NoiseVote {
  /** The shadow's. */
  readonly experiment: string
  readonly shadowDisagrees: boolean
  readonly controlDisagrees: boolean
}

interface Waiting {
  readonly second: number
  /** null while the control's pair has not come. */
  controlDisagrees: boolean | null
  /** Pairs of shadows that wait for it. */
  readonly shadows: { readonly experiment: string; readonly disagrees: boolean }[]
}

/**
 * Brings together the two pairs of an exchange, in whichever order they come: whether the shadow disagrees with the
 * primary, and whether the primary disagrees with itself. A pair in which a leg failed or that could not be compared says
 * nothing of either. What waits is dropped once its second is settled: by then both have come, or never will.
 */
export class NoiseJoins {
  /** Origin > exchange. */
  readonly #waiting = new Map<string, Map<string, Waiting>>()

  /** @returns the votes that are complete now. */
  control(origin: string, exchange: string, second: number, outcome: Outcome): NoiseVote[] {
    const disagrees = disagreement(outcome)
    if (disagrees === null) return []
    const waiting = this.#of(origin, exchange, second)
    waiting.controlDisagrees = disagrees
    return waiting.shadows.map(shadow => vote(shadow.experiment, shadow.disagrees, disagrees))
  }

  /** `experiment`: the shadow's. @returns the vote, when the control's pair has come already. */
  shadow(origin: string, exchange: string, second: number, experiment: string, outcome: Outcome): NoiseVote[] {
    const disagrees = disagreement(outcome)
    if (disagrees === null) return []
    const waiting = this.#of(origin, exchange, second)
    if (waiting.controlDisagrees !== null) return [vote(experiment, disagrees, waiting.controlDisagrees)]
    waiting.shadows.push({ experiment, disagrees })
    return []
  }

  /** No more pairs of earlier seconds will come from this thread. */
  settle(origin: string, settledBefore: number): void {
    const exchanges = this.#waiting.get(origin)
    if (exchanges === undefined) return
    for (const [exchange, { second }] of exchanges) if (second < settledBefore) exchanges.delete(exchange)
  }

  /** The thread is gone. */
  close(origin: string): void {
    this.#waiting.delete(origin)
  }

  #of(origin: string, exchange: string, second: number): Waiting {
    let exchanges = this.#waiting.get(origin)
    if (exchanges === undefined) this.#waiting.set(origin, (exchanges = new Map()))
    let waiting = exchanges.get(exchange)
    if (waiting === undefined) exchanges.set(exchange, (waiting = { second, controlDisagrees: null, shadows: [] }))
    return waiting
  }
}

function vote(experiment: string, shadowDisagrees: boolean, controlDisagrees: boolean): NoiseVote {
  return { experiment, shadowDisagrees, controlDisagrees }
}

/** null: the pair was not compared. */
function disagreement(outcome: Outcome): boolean | null {
  return outcome === 'agree' || outcome === 'disagree' ? outcome === 'disagree' : null
}

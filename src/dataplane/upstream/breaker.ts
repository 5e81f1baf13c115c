import type { OutlierPlan } from '../../config/snapshot.ts'

/**
 * Passive health of one endpoint. States:
 *   closed     in use; counts failures in a row
 *   open       left out until a time
 *   trying     that time has come and one leg is under way: it closes or opens the breaker again
 */
type State =
  | { readonly kind: 'closed'; readonly failures: number }
  | { readonly kind: 'open'; readonly untilMs: number }
  | { readonly kind: 'trying' }

const CLOSED: State = { kind: 'closed', failures: 0 }

export class Breaker {
  readonly #plan: OutlierPlan
  #state: State = CLOSED

  constructor(plan: OutlierPlan) {
    this.#plan = plan
  }

  /** Whether a leg may go there now, performance.now() milliseconds. */
  allows(nowMs: number): boolean {
    return this.#state.kind === 'closed' || (this.#state.kind === 'open' && nowMs >= this.#state.untilMs)
  }

  /** A leg starts. */
  started(nowMs: number): void {
    if (this.#state.kind === 'open' && nowMs >= this.#state.untilMs) this.#state = { kind: 'trying' }
  }

  /** The trial has an answer: whatever becomes of the rest, the endpoint is there. */
  answered(): void {
    if (this.#state.kind === 'trying') this.#state = CLOSED
  }

  succeeded(): void {
    this.#state = CLOSED
  }

  failed(nowMs: number): void {
    const failures = this.#state.kind === 'closed' ? this.#state.failures + 1 : this.#plan.errors
    this.#state =
      failures >= this.#plan.errors
        ? { kind: 'open', untilMs: nowMs + this.#plan.ejectMs }
        : { kind: 'closed', failures }
  }

  /** The leg ended without saying anything about the endpoint (the client left): the next one may try. */
  undecided(nowMs: number): void {
    if (this.#state.kind === 'trying') this.#state = { kind: 'open', untilMs: nowMs }
  }
}

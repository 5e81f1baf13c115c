import type { DeadlineWheel, WheelEntry } from '../deadline-wheel.ts'
import type { Endpoint } from './endpoint.ts'

/** A request that waits for a connection. */
export interface Waiter extends WheelEntry {
  /** Where it was in vain. */
  readonly tried: readonly Endpoint[]
  /** false: it is not wanted any more (the client left), the connection goes to the next. */
  onEndpoint(endpoint: Endpoint): boolean
}

/** Requests for which all connections are taken: first come, first served, bounded in number and in time. */
export class WaitingLine {
  readonly #wheel: DeadlineWheel
  readonly #limit: number
  readonly #patienceMs: number
  readonly #waiters: Waiter[] = []

  constructor(wheel: DeadlineWheel, limit: number, patienceMs: number) {
    this.#wheel = wheel
    this.#limit = limit
    this.#patienceMs = patienceMs
  }

  get empty(): boolean {
    return this.#waiters.length === 0
  }

  /** false: the line is full. When its time is over, the waiter's deadline fires. */
  join(waiter: Waiter): boolean {
    if (this.#waiters.length >= this.#limit) this.#dropLate()
    if (this.#waiters.length >= this.#limit) return false
    this.#waiters.push(waiter)
    this.#wheel.arm(waiter, this.#patienceMs)
    return true
  }

  /**
   * Gives the first of them an endpoint. `pick`: one with a free connection, other than these; null: there is none, so that
   * who has tried something may have to stay while those behind go.
   * @returns whether one was served
   */
  serve(pick: (tried: readonly Endpoint[]) => Endpoint | null): boolean {
    for (let at = 0; at < this.#waiters.length; ) {
      const waiter = this.#waiters[at] as Waiter
      const isLate = Number.isNaN(waiter.wheelDueMs)
      const endpoint = isLate ? null : pick(waiter.tried)
      if (endpoint === null && !isLate) {
        if (waiter.tried.length === 0) return false
        at++
        continue
      }
      this.#waiters.splice(at, 1)
      this.#wheel.disarm(waiter)
      if (endpoint !== null && waiter.onEndpoint(endpoint)) return true
    }
    return false
  }

  /** Those whose deadline has fired are still in the list; they are disarmed. */
  #dropLate(): void {
    const waiting = this.#waiters.filter(waiter => !Number.isNaN(waiter.wheelDueMs))
    this.#waiters.splice(0, this.#waiters.length, ...waiting)
  }
}

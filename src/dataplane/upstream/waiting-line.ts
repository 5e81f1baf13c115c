import type { DeadlineWheel, WheelEntry } from '../deadline-wheel.ts'
import type { Endpoint } from './endpoint.ts'

/** A request that waits for a connection. */
export interface Waiter extends WheelEntry {
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

  serve(endpoint: Endpoint): void {
    for (;;) {
      const waiter = this.#waiters.shift()
      if (waiter === undefined) return
      const late = Number.isNaN(waiter.wheelDueMs)
      this.#wheel.disarm(waiter)
      if (!late && waiter.onEndpoint(endpoint)) return
    }
  }

  /** Those whose deadline has fired are still in the list; they are disarmed. */
  #dropLate(): void {
    const waiting = this.#waiters.filter(waiter => !Number.isNaN(waiter.wheelDueMs))
    this.#waiters.splice(0, this.#waiters.length, ...waiting)
  }
}

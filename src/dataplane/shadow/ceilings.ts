import type { CeilingsPlan } from '../../config/snapshot.ts'
import { dayAt, type Spending } from '../../wire/spending.ts'

/** What may go at once after a quiet time: requests do not come evenly, and the rate is not to cost the second of two. */
const AHEAD_US = 100_000

export type CeilingReason = 'rate_ceiling' | 'daily_ceiling'

/** How many copies a shadow gets at most, by the second and by the day (UTC), in all threads of the process together. */
export class Ceilings {
  readonly #plan: CeilingsPlan
  readonly #spending: Spending
  readonly #intervalUs: number
  #saidDay = 0

  constructor(plan: CeilingsPlan, spending: Spending) {
    this.#plan = plan
    this.#spending = spending
    this.#intervalUs = plan.perSecond === null ? 0 : 1e6 / plan.perSecond
  }

  /**
   * Counts one more copy with a body of so many bytes; `nowUs`: since the epoch. Otherwise says what it would be too many
   * for.
   */
  take(bytes: number, nowUs: number): CeilingReason | null {
    const { perSecond, perDay, bytesPerDay } = this.#plan
    const day = dayAt(nowUs)
    if (bytesPerDay !== null && this.#spending.bytesOf(day) >= bytesPerDay) return 'daily_ceiling'
    if (perSecond !== null && !this.#spending.takeTurn(nowUs, this.#intervalUs, AHEAD_US)) return 'rate_ceiling'
    if (perDay !== null && !this.#spending.takeCopy(day, perDay)) return 'daily_ceiling'
    this.spend(bytes, nowUs)
    return null
  }

  /** So many bytes of a body have gone to the shadow, or come from it. */
  spend(bytes: number, nowUs: number): void {
    if (this.#plan.bytesPerDay !== null) this.#spending.addBytes(dayAt(nowUs), bytes)
  }

  /** The first time on a day: a line for each copy would say no more. */
  isNews(nowUs: number): boolean {
    const day = dayAt(nowUs)
    if (this.#saidDay === day) return false
    this.#saidDay = day
    return true
  }
}

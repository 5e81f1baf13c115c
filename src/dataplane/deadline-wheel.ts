/** Something that wants to be looked at when its time has come. Links are the wheel's own. */
export interface WheelEntry {
  wheelNext: WheelEntry | null
  wheelPrevious: WheelEntry | null
  /** Monotonic milliseconds; NaN while not armed. */
  wheelDueMs: number
  /** Called once, disarmed, at most two ticks late. It may arm the entry again. */
  onDeadline(nowMs: number): void
}

/** Coarse on purpose: every deadline here is 50 ms or more, and a tick costs every idle thread a wake-up. */
const TICK_MS = 10
const SLOTS = 1024

/**
 * Timers for deadlines that are nearly always disarmed before they fire: arming and disarming is linking a list node,
 * without the closure, the object and the heap work of a timer for each leg.
 */
export class DeadlineWheel {
  readonly #slots: (WheelEntry | null)[] = Array.from({ length: SLOTS }, () => null)
  #armed = 0
  #lastTick = 0
  #timer: NodeJS.Timeout | null = null

  /** `now`: performance.now(), from who has just looked. */
  arm(entry: WheelEntry, delayMs: number, now = performance.now()): void {
    this.disarm(entry)
    if (this.#armed === 0) this.#lastTick = Math.floor(now / TICK_MS)
    entry.wheelDueMs = now + delayMs
    const slot = this.#slotOf(entry)
    const head = this.#slots[slot] ?? null
    entry.wheelNext = head
    entry.wheelPrevious = null
    if (head !== null) head.wheelPrevious = entry
    this.#slots[slot] = entry
    this.#armed++
    this.#timer ??= setInterval(() => this.#tick(), TICK_MS)
  }

  disarm(entry: WheelEntry): void {
    if (Number.isNaN(entry.wheelDueMs)) return
    if (entry.wheelPrevious === null) this.#slots[this.#slotOf(entry)] = entry.wheelNext
    else entry.wheelPrevious.wheelNext = entry.wheelNext
    if (entry.wheelNext !== null) entry.wheelNext.wheelPrevious = entry.wheelPrevious
    entry.wheelNext = null
    entry.wheelPrevious = null
    entry.wheelDueMs = Number.NaN
    this.#armed--
  }

  /** Stops the tick; entries that are still armed never fire. */
  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer)
    this.#timer = null
  }

  #slotOf(entry: WheelEntry): number {
    return (Math.floor(entry.wheelDueMs / TICK_MS) + 1) % SLOTS
  }

  #tick(): void {
    const now = performance.now()
    const tick = Math.floor(now / TICK_MS)
    const from = Math.max(this.#lastTick + 1, tick - SLOTS + 1)
    this.#lastTick = tick
    for (let t = from; t <= tick; t++) this.#fire(t % SLOTS, now)
    if (this.#armed === 0) this.stop()
  }

  #fire(slot: number, now: number): void {
    let entry = this.#slots[slot] ?? null
    while (entry !== null) {
      const next: WheelEntry | null = entry.wheelNext
      if (entry.wheelDueMs <= now) {
        const nextDueMs = next?.wheelDueMs
        this.disarm(entry)
        entry.onDeadline(now)
        // The callback may have disarmed or moved `next`: then walk the slot again, its due entries are still there.
        entry = next?.wheelDueMs === nextDueMs ? next : (this.#slots[slot] ?? null)
      } else entry = next
    }
  }
}

/** Something that wants to be looked at when its time has come. Links are the wheel's own. */
export interface WheelEntry {
  wheelNext: WheelEntry | null
  wheelPrevious: WheelEntry | null
  /** Monotonic milliseconds; NaN while not armed. */
  wheelDueMs: number
  /** Called once, disarmed, at most two ticks late, but for what waits for its turn. It may arm the entry again. */
  onDeadline(nowMs: number): void
}

/** Coarse on purpose: every deadline here is 50 ms or more, and a tick costs every idle thread a wake-up. */
const TICK_MS = 10
const SLOTS = 1024
/**
 * So long does one turn of the event loop begin with deadlines. Those of clients that came together pass together: to answer and
 * close a thousand of them takes 0.3 s, in which nobody else would be served.
 */
const TURN_MS = 0.25

/**
 * Timers for deadlines that are nearly always disarmed before they fire: arming and disarming is linking a list node,
 * without the closure, the object and the heap work of a timer for each leg.
 */
export class DeadlineWheel {
  readonly #slots: (WheelEntry | null)[] = Array.from({ length: SLOTS }, () => null)
  #armed = 0
  /** The last tick of which all is fired. */
  #firedTick = 0
  #timer: NodeJS.Timeout | null = null
  /** While some of what is due waits for its turn. */
  #rest: NodeJS.Immediate | null = null

  /** `now`: performance.now(), from who has just looked. */
  arm(entry: WheelEntry, delayMs: number, now = performance.now()): void {
    this.disarm(entry)
    // What is in the past already would wait for its slot to come round again (10 s).
    entry.wheelDueMs = now + Math.max(0, delayMs)
    const slot = this.#slotOf(entry)
    const head = this.#slots[slot] ?? null
    entry.wheelNext = head
    entry.wheelPrevious = null
    if (head !== null) head.wheelPrevious = entry
    this.#slots[slot] = entry
    this.#armed++
    this.#timer ??= setInterval(() => {
      if (this.#rest === null) this.#fireDue()
    }, TICK_MS)
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
    if (this.#rest !== null) clearImmediate(this.#rest)
    this.#timer = null
    this.#rest = null
  }

  #slotOf(entry: WheelEntry): number {
    return (Math.floor(entry.wheelDueMs / TICK_MS) + 1) % SLOTS
  }

  /** What is due; when the time of this turn is over, the rest in the next turns, behind what has come meanwhile. */
  #fireDue(): void {
    const startedMs = performance.now()
    const tick = Math.floor(startedMs / TICK_MS)
    for (this.#firedTick = Math.max(this.#firedTick, tick - SLOTS); this.#firedTick < tick; this.#firedTick++) {
      if (!this.#fire((this.#firedTick + 1) % SLOTS, startedMs)) {
        this.#rest = setImmediate(() => this.#fireDue())
        return
      }
    }
    this.#rest = null
    if (this.#armed === 0) this.stop()
  }

  /** @returns false: the time is over. */
  #fire(slot: number, startedMs: number): boolean {
    let entry = this.#slots[slot] ?? null
    while (entry !== null) {
      const next: WheelEntry | null = entry.wheelNext
      if (entry.wheelDueMs <= startedMs) {
        const nextDueMs = next?.wheelDueMs
        this.disarm(entry)
        entry.onDeadline(startedMs)
        if (performance.now() - startedMs > TURN_MS) return false
        // The callback may have disarmed or moved `next`: then walk the slot again, its due entries are still there.
        entry = next?.wheelDueMs === nextDueMs ? next : (this.#slots[slot] ?? null)
      } else entry = next
    }
    return true
  }
}

import { LinkedList, type Place } from '../../linked-list.ts'

/** The most that one read of a connection takes. */
export const READ_BYTES = 64 * 1024
/** A read of so many bytes is a large one: more of the answer may wait behind it. What is smaller is read at once. */
export const LARGE_READ_BYTES = 16 * 1024
/** Large reads of one turn of the event loop: copied and written to clients they are some 0.4 ms of work (1.4 GB/s). */
const TURN_READS = 8
/**
 * The same where small answers are under way, which wait for the turn to end. Each turn costs some work of its own, a tenth
 * of that for a large answer (measured with 64 KiB and 1 MiB), so that it is not worth it where nobody waits.
 */
const SHARED_TURN_READS = 1
/** For so long behind a small answer another one is expected. */
const SHARED_MS = 1_000
/**
 * Time since the first of them, after which no other begins: what a write costs is the kernel's to say. 64 KiB for a client
 * that hardly reads took it 0.5 to 0.9 ms (slowhttptest -X), so that a turn of eight was 5 ms.
 */
const TURN_MS = 0.5
/**
 * Large reads, 2 MiB at the most, after which an answer goes to the end of the line. Nearly all are over by then: read side
 * by side, all of them would keep their connections and their captured bytes for as long as the last one takes.
 */
const HOLD_READS = 32

/** Who reads a large answer. */
export interface TurnTaker {
  /** In the line; the turns' own. */
  turnPlace: Place<TurnTaker> | null
  /** It may read again. */
  onTurn(): void
}

/**
 * Large answers of one thread take turns. A hundred that come at once, each of them read as far as it goes, hold the event
 * loop for many milliseconds, and everybody's small answer with it. So a turn of the loop has its share of large reads, and
 * the first in line has them. Who has done a large read while others wait, or when the share is used up, stops reading and
 * joins the line. Where nobody waits, whoever comes may read.
 */
export class ReadTurns {
  /** First come, first served. */
  readonly #line = new LinkedList<TurnTaker>()
  /** Who was called last, and what it has read since. */
  #holder: TurnTaker | null = null
  #holderReads = 0
  /** The holder goes on in the next turn. */
  #goesOn = false
  #turn = 1
  /** Large reads in this turn of the event loop. */
  #reads = 0
  /** When the first of them was over. */
  #startedMs = 0
  #ending = false
  /** When the last small answer was over. */
  #smallMs = Number.NEGATIVE_INFINITY
  readonly #now: () => number

  /** `now`: milliseconds that only grow. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now
  }

  /** Its number: a permission to read is good for one turn. */
  get turn(): number {
    return this.#turn
  }

  /** Asked behind each large read, and before one that follows a pause. false: not now, but at `onTurn`. */
  mayRead(taker: TurnTaker): boolean {
    this.#endTurn()
    this.#reads++
    if (taker === this.#holder) this.#holderReads++
    const holds = taker === this.#holder && this.#holderReads < HOLD_READS
    if ((holds || this.#line.size === 0) && this.#isTurnOpen()) return true
    if (holds) this.#goesOn = true
    else taker.turnPlace ??= this.#line.add(taker)
    return false
  }

  /** An answer that took no turn, and for which a client has waited, is over. `nowMs`: on the clock of the turns. */
  smallEnded(nowMs: number): void {
    this.#smallMs = nowMs
  }

  /** It reads no more. */
  leave(taker: TurnTaker): void {
    this.#leaveLine(taker)
    if (taker !== this.#holder) return
    this.#holder = null
    this.#goesOn = false
  }

  #isTurnOpen(): boolean {
    const nowMs = this.#now()
    if (this.#reads === 1) this.#startedMs = nowMs
    const most = nowMs - this.#smallMs < SHARED_MS ? SHARED_TURN_READS : TURN_READS
    return this.#reads < most && nowMs - this.#startedMs < TURN_MS
  }

  #endTurn(): void {
    if (this.#ending) return
    this.#ending = true
    setImmediate(() => this.#next())
  }

  #next(): void {
    this.#ending = false
    this.#turn++
    this.#reads = 0
    if (!this.#goesOn) this.#callFirst()
    this.#goesOn = false
    if (this.#holder === null) return
    this.#holder.onTurn()
    // One that has nothing to read must not keep the others waiting.
    if (this.#line.size > 0) this.#endTurn()
  }

  #callFirst(): void {
    const { first } = this.#line
    this.#holder = first
    this.#holderReads = 0
    if (first !== null) this.#leaveLine(first)
  }

  #leaveLine(taker: TurnTaker): void {
    if (taker.turnPlace !== null) this.#line.remove(taker.turnPlace)
    taker.turnPlace = null
  }
}

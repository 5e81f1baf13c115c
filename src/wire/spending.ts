/**
 * What the copies of one shadow have cost so far, in memory that the control thread and all data-plane threads see: a
 * ceiling holds for the process, however its clients are spread over the threads. Cells of 64 bits:
 *   0  when the next copy may go at the rate, microseconds since the epoch
 *   1  copies of a day
 *   2  bytes of a day
 * A day and its amount share a cell, the day in the upper bits, so that no thread ever sees one without the other.
 */
export class Spending {
  readonly memory: SharedArrayBuffer
  readonly #cells: BigInt64Array

  constructor(memory = new SharedArrayBuffer(CELLS * BigInt64Array.BYTES_PER_ELEMENT)) {
    this.memory = memory
    this.#cells = new BigInt64Array(memory)
  }

  /** One more copy of at most `perDay` goes on `day`. false: they are used up. */
  takeCopy(day: number, perDay: number): boolean {
    return this.#add(COPIES, day, 1, perDay)
  }

  /** These have gone to the shadow, or come from it. */
  addBytes(day: number, bytes: number): void {
    this.#add(BYTES, day, bytes, AMOUNT_MAX)
  }

  /** Bytes of `day` so far. */
  bytesOf(day: number): number {
    return amountOf(this.#load(BYTES), day)
  }

  /**
   * One more copy goes now, `intervalUs` after the one before it; after a quiet time one, and as many more as take `aheadUs`
   * together, at once. false: it would be too early.
   */
  takeTurn(nowUs: number, intervalUs: number, aheadUs: number): boolean {
    for (;;) {
      const dueUs = this.#load(TURN)
      // One that is later than this rate can make it is of a lower one, before a reload: it is over.
      const isStale = Number(dueUs) > nowUs + intervalUs
      const startUs = isStale ? nowUs : Math.max(Number(dueUs), nowUs - aheadUs)
      if (startUs > nowUs) return false
      if (this.#swap(TURN, dueUs, BigInt(Math.round(startUs + intervalUs)))) return true
    }
  }

  read(): Spent {
    const [copies, bytes] = [this.#load(COPIES), this.#load(BYTES)]
    const day = Math.max(dayOf(copies), dayOf(bytes))
    return { day, copies: amountOf(copies, day), bytes: amountOf(bytes, day) }
  }

  /** Goes on from there. */
  restore({ day, copies, bytes }: Spent): void {
    this.#add(COPIES, day, copies, AMOUNT_MAX)
    this.#add(BYTES, day, bytes, AMOUNT_MAX)
  }

  /**
   * A cell of an earlier day begins anew; where another thread, or the clock of an earlier process, is a day ahead, it is
   * that day's. false: it would be more than `most`, and nothing is added.
   */
  #add(cell: number, day: number, amount: number, most: number): boolean {
    for (;;) {
      const before = this.#load(cell)
      const after = amountOf(before, day) + amount
      if (after > most) return false
      if (this.#swap(cell, before, packed(Math.max(day, dayOf(before)), after))) return true
    }
  }

  #load(cell: number): bigint {
    return Atomics.load(this.#cells, cell)
  }

  #swap(cell: number, before: bigint, after: bigint): boolean {
    return Atomics.compareExchange(this.#cells, cell, before, after) === before
  }
}

export interface Spent {
  /** Since the epoch, UTC. */
  readonly day: number
  readonly copies: number
  readonly bytes: number
}

/** The memory of each shadow that has a ceiling, by `spendingKey`. */
export type SpendingMemory = ReadonlyMap<string, SharedArrayBuffer>

/** A copy of a route to an upstream; neither name can have a slash. */
export function spendingKey(route: string, upstream: string): string {
  return `${route}/${upstream}`
}

const DAY_US = 86_400e6

export function dayAt(nowUs: number): number {
  return Math.floor(nowUs / DAY_US)
}

const CELLS = 3
const TURN = 0
const COPIES = 1
const BYTES = 2
/** 128 TiB a day; the 16 bits above hold days until 2149. */
const AMOUNT_BITS = 47n
const AMOUNT_MAX = 2 ** Number(AMOUNT_BITS) - 1

function packed(day: number, amount: number): bigint {
  return (BigInt(day) << AMOUNT_BITS) | BigInt(amount)
}

function dayOf(cell: bigint): number {
  return Number(cell >> AMOUNT_BITS)
}

function amountOf(cell: bigint, day: number): number {
  return dayOf(cell) >= day ? Number(cell & BigInt(AMOUNT_MAX)) : 0
}

import { LinkedList, type Place } from '../linked-list.ts'

/**
 * Of one thread. Pieces are as long as the reads that brought them, each in a slab of its own (relay-memory.ts): they take up to
 * half as much memory again, and must find it there. What is given up goes one client a turn.
 */
const LIMIT_BYTES = 40 * 1024 * 1024
/** A longer rest waits with the model server: it would push the answers of others out. */
const LONGEST_BYTES = 1024 * 1024
/** Whoever stopped reading more recently is not cut for the memory it takes. */
const PATIENCE_MS = 1_000

/** Whose client does not read. */
export interface UnreadAnswer {
  /** Frees the memory before it returns, and has the client cut soon. */
  giveUpUnread(): void
}

/** The rest of one answer. */
export interface KeptRest {
  readonly answer: UnreadAnswer
  readonly bytes: number
  /** performance.now() when the client had not read what was there. */
  readonly sinceMs: number
}

/**
 * Rests of answers that are taken from the model server although the client does not read yet, longest unread first. Without
 * that, a client that reads slowly, or never, holds one of the few connections to the model server for as long; and where
 * others need it, it costs them the closing of one and the opening of another.
 */
export class UnreadAnswers {
  /** In the order of `sinceMs`. */
  readonly #kept = new LinkedList<KeptRest>()
  #bytes = 0

  /** What is taken now, or promised. */
  get bytes(): number {
    return this.#bytes
  }

  /**
   * Takes memory for all that is left of an answer. Where there is none, those who have not read for longest are cut.
   * @returns what `free` wants; null: the rest is too long, or nobody has waited long enough to be cut for it.
   */
  keep(answer: UnreadAnswer, bytes: number, nowMs: number): Place<KeptRest> | null {
    if (bytes > LONGEST_BYTES) return null
    while (this.#bytes + bytes > LIMIT_BYTES) {
      if (!this.#giveUpLongest(nowMs)) return null
    }
    this.#bytes += bytes
    return this.#kept.add({ answer, bytes, sinceMs: nowMs })
  }

  /** The client has read it, or is gone. Once for each. */
  free(place: Place<KeptRest>): void {
    this.#kept.remove(place)
    this.#bytes -= place.item.bytes
  }

  /** false: nobody has waited long enough. */
  #giveUpLongest(nowMs: number): boolean {
    const longest = this.#kept.first
    if (longest === null || nowMs - longest.sinceMs < PATIENCE_MS) return false
    longest.answer.giveUpUnread()
    return true
  }
}

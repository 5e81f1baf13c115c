/** Something that waits until all that came in one turn of the event loop has been handled. */
export interface TurnEnd {
  onTurnEnd(): void
}

/** Calls back at the end of the current turn of the event loop: one immediate for all who wait. */
export class TurnEnds {
  #waiting: TurnEnd[] = []

  add(waiting: TurnEnd): void {
    if (this.#waiting.push(waiting) === 1) setImmediate(() => this.#run())
  }

  #run(): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const each of waiting) each.onTurnEnd()
  }
}

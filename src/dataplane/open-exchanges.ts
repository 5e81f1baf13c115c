import type { Exchange } from './exchange.ts'

/**
 * Exchanges of which something is still to be counted, a copy or the outcome of an arm, in order of arrival: the first one is
 * the low watermark of the thread.
 */
export class OpenExchanges {
  #first: Exchange | null = null
  #last: Exchange | null = null
  #count = 0

  get count(): number {
    return this.#count
  }

  /** Exchanges are added in the tick in which they arrive, so the order needs no search. */
  add(exchange: Exchange): void {
    exchange.previous = this.#last
    if (this.#last === null) this.#first = exchange
    else this.#last.next = exchange
    this.#last = exchange
    this.#count++
    exchange.runtime.retain()
  }

  remove(exchange: Exchange): void {
    if (exchange.previous === null) this.#first = exchange.next
    else exchange.previous.next = exchange.next
    if (exchange.next === null) this.#last = exchange.previous
    else exchange.next.previous = exchange.previous
    exchange.previous = null
    exchange.next = null
    this.#count--
    exchange.runtime.release()
  }

  oldest(): Exchange | null {
    return this.#first
  }

  all(): Exchange[] {
    const all: Exchange[] = []
    for (let exchange = this.#first; exchange !== null; exchange = exchange.next) all.push(exchange)
    return all
  }
}

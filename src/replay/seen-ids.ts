/** Numbers of one page; a page is a kilobyte of bits. */
const PAGE_NUMBERS = 8_192

/**
 * The ids seen so far. An id that the proxy has made is its origin and a number that counts up, so it costs a bit:
 * a hundred million of them fit in 12 MB. Any other id is kept whole.
 */
export class SeenIds {
  readonly #pages = new Map<string, Map<number, Uint8Array>>()
  readonly #others = new Set<string>()

  /** false: it was there already. */
  add(id: string): boolean {
    const dash = id.lastIndexOf('-')
    const number = Number.parseInt(id.slice(dash + 1), 36)
    if (Number.isSafeInteger(number) && number.toString(36) === id.slice(dash + 1)) {
      return this.#addNumber(id.slice(0, dash + 1), number)
    }
    if (this.#others.has(id)) return false
    this.#others.add(id)
    return true
  }

  #addNumber(prefix: string, number: number): boolean {
    let pages = this.#pages.get(prefix)
    if (pages === undefined) this.#pages.set(prefix, (pages = new Map()))
    const at = Math.floor(number / PAGE_NUMBERS)
    let page = pages.get(at)
    if (page === undefined) pages.set(at, (page = new Uint8Array(PAGE_NUMBERS / 8)))
    const place = number % PAGE_NUMBERS
    const [byte, bit] = [place >> 3, 1 << (place & 7)]
    const before = page[byte] ?? 0
    page[byte] = before | bit
    return (before & bit) === 0
  }
}

import dns, { type LookupAddress } from 'node:dns'
import type { LookupFunction } from 'node:net'

/** So long a name that was found before is waited for; then its last addresses do. */
const PATIENCE_MS = 200

type Found = (error: NodeJS.ErrnoException | null, addresses: readonly LookupAddress[]) => void
type AskSystem = (name: string, options: dns.LookupAllOptions, found: Found) => void

/**
 * Looks up names for all connections of a thread, each name once at a time. The system is asked by threads of which the
 * process has few, and a resolver that does not answer keeps one for 10 s, whoever has given up meanwhile: asked for each
 * connection to a shadow whose name hangs, none was left for the primary's, and 200 of 240 clients got a 502.
 */
export class NameLookup {
  readonly #ask: AskSystem
  readonly #asking = new Map<string, Found[]>()
  readonly #known = new Map<string, readonly LookupAddress[]>()

  /** `ask`: as dns.lookup, with all addresses. */
  constructor(ask: AskSystem = (name, options, found) => dns.lookup(name, options, found)) {
    this.#ask = ask
  }

  /** For `net.connect` and `tls.connect`. */
  readonly lookup: LookupFunction = (name, { all }, callback) => {
    const known = this.#known.get(name)
    let isAnswered = false
    const answer: Found = (error, addresses) => {
      if (isAnswered) return
      isAnswered = true
      clearTimeout(late)
      const [first] = addresses
      if (error !== null || first === undefined) callback(error ?? notFound(name), '')
      else if (all === true) callback(null, [...addresses])
      else callback(null, first.address, first.family)
    }
    const late = known === undefined ? undefined : setTimeout(() => answer(null, known), PATIENCE_MS)
    this.#find(name, answer)
  }

  #find(name: string, found: Found): void {
    const waiting = this.#asking.get(name)
    if (waiting !== undefined) {
      waiting.push(found)
      return
    }
    const all = [found]
    this.#asking.set(name, all)
    this.#ask(name, { all: true, hints: dns.ADDRCONFIG }, (error, addresses) => {
      this.#asking.delete(name)
      if (error === null) this.#known.set(name, addresses)
      const known = this.#known.get(name)
      // The resolver is in trouble, not the name.
      const isStillGood = error?.code === 'EAI_AGAIN' && known !== undefined
      for (const each of all) each(isStillGood ? null : error, isStillGood ? known : (addresses ?? []))
    })
  }
}

/** Of this thread. */
export const NAMES = new NameLookup()

function notFound(name: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`getaddrinfo ENOTFOUND ${name}`), { code: 'ENOTFOUND', syscall: 'getaddrinfo' })
}

import type { Snapshot } from '../config/snapshot.ts'
import type { Documents } from '../judge/documents.ts'
import { isCount, isRecord } from '../wire/read-window.ts'
import { dayAt, Spending, spendingKey, type SpendingMemory, type Spent } from '../wire/spending.ts'

const DOCUMENT = 'spending'
/** How much of a day's copies a crash may forget: writing them with each report would be a write a second. */
const KEPT_EVERY_MS = 10_000

/** What copies have cost, by shadow, kept as a document: a daily ceiling that a restart lifts would be none. */
export class SpendingBook {
  readonly #documents: Documents
  readonly #spending = new Map<string, Spending>()
  readonly #stored: Readonly<Record<string, unknown>>
  #kept = ''
  #keptMs = 0

  constructor(documents: Documents) {
    this.#documents = documents
    const stored = documents.get(DOCUMENT)
    this.#stored = isRecord(stored) ? stored : {}
  }

  /** What the data-plane threads count in, for this configuration. A shadow that comes back goes on where it was. */
  memoryFor({ routes, upstreams }: Snapshot): SpendingMemory {
    const memory = new Map<string, SharedArrayBuffer>()
    for (const { name, shadows, control } of routes) {
      for (const { upstream, ceilings } of control === null ? shadows : [...shadows, control]) {
        if (ceilings === null) continue
        const key = spendingKey(name, upstreams[upstream]?.name ?? '')
        memory.set(key, this.#of(key).memory)
      }
    }
    return memory
  }

  /** Writes it now and then, when it has changed. */
  keep(nowMs = performance.now()): void {
    if (nowMs - this.#keptMs >= KEPT_EVERY_MS) this.save(nowMs)
  }

  /** Writes what is not written yet. */
  save(nowMs = performance.now()): void {
    this.#keptMs = nowMs
    const spent = Object.fromEntries([...this.#spending].map(([key, spending]) => [key, spending.read()]))
    const text = JSON.stringify(spent)
    if (text === this.#kept || this.#spending.size === 0) return
    this.#kept = text
    this.#documents.set(DOCUMENT, { ...this.#stored, ...spent })
  }

  #of(key: string): Spending {
    let spending = this.#spending.get(key)
    if (spending === undefined) {
      spending = new Spending()
      const stored = readSpent(this.#stored[key])
      // A clock that was wrong must not use up the days until it is right.
      if (stored !== null) spending.restore({ ...stored, day: Math.min(stored.day, dayAt(Date.now() * 1e3)) })
      this.#spending.set(key, spending)
    }
    return spending
  }
}

/** null: nothing is stored, or by a version that wrote something else. */
function readSpent(value: unknown): Spent | null {
  if (!isRecord(value)) return null
  const { day, copies, bytes } = value
  return isCount(day) && isCount(copies) && isCount(bytes) ? { day, copies, bytes } : null
}

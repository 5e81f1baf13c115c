import { VERDICTS, type Verdict } from '../evidence/verdict.ts'
import type { Documents } from './documents.ts'

/** A verdict that an operator has put in the place of the judge's. */
export interface Override {
  readonly verdict: Verdict
  readonly actor: string
  readonly reason: string
  /** ISO 8601. */
  readonly at: string
}

const DOCUMENT = 'overrides'
/** Made by people, one an experiment: more than this are experiments nobody has any more. */
const OVERRIDES_KEPT = 1_000

/** Overrides by experiment id. One belongs to its experiment: the next, with other settings, has none. */
export class Overrides {
  /** What was stored and could not be read, in words. */
  readonly ignored: readonly string[]
  readonly #documents: Documents
  readonly #overrides: Map<string, Override>

  constructor(documents: Documents) {
    this.#documents = documents
    const ignored: string[] = []
    this.#overrides = new Map()
    for (const [experiment, value] of Object.entries(documents.get(DOCUMENT) ?? {})) {
      const override = readOverride(value)
      if (override !== null) this.#overrides.set(experiment, override)
      else ignored.push(`the override of experiment ${experiment}`)
    }
    this.ignored = ignored
  }

  get(experiment: string): Override | null {
    return this.#overrides.get(experiment) ?? null
  }

  /** null: takes it back. */
  set(experiment: string, override: Override | null): void {
    this.#overrides.delete(experiment)
    if (override !== null) this.#overrides.set(experiment, override)
    const oldest = this.#overrides.keys().next().value
    if (this.#overrides.size > OVERRIDES_KEPT && oldest !== undefined) this.#overrides.delete(oldest)
    this.#documents.set(DOCUMENT, Object.fromEntries(this.#overrides))
  }
}

export function isVerdict(value: unknown): value is Verdict {
  return (VERDICTS as readonly unknown[]).includes(value)
}

function readOverride(value: unknown): Override | null {
  if (typeof value !== 'object' || value === null) return null
  const { verdict, actor, reason, at } = value as Partial<Record<string, unknown>>
  const isSigned = typeof actor === 'string' && typeof reason === 'string' && typeof at === 'string'
  return isVerdict(verdict) && isSigned ? { verdict, actor, reason, at } : null
}

import type { FieldPath } from '../config/snapshot.ts'
import type { Comparison, Difference } from '../sinks/record.ts'
import { redactDifference } from '../sinks/redact.ts'
import type { ConfusionReport } from '../wire/messages.ts'
import { withoutPositions } from './top-fields.ts'

/** Labels come from the models' answers. All pairs of 22 labels fit; a model that invents labels fills no memory. */
const MAX_LABEL_PAIRS = 484
/** Told once a second to the control thread, for each experiment. */
const REPORTED_LABEL_PAIRS = 100
const MAX_LABEL_CHARACTERS = 60

type LabelPair = ConfusionReport['pairs'][number]

/**
 * Which label of the primary became which label of the shadow, counted over rows whose labels differ. Rows that are the
 * same are not here: most pairs are equal byte for byte, and those are never decoded.
 */
export class Confusions {
  readonly #pairs = new Map<string, { -readonly [K in keyof LabelPair]: LabelPair[K] }>()
  #other = 0

  /** The differences of one pair. `redactPaths`: labels there are counted as redacted. */
  add(comparison: Comparison, redactPaths: readonly FieldPath[]): void {
    if (comparison.task !== 'classification') return
    let listed = 0
    for (const difference of comparison.differences) {
      if (!isFlip(difference)) continue
      listed++
      this.#count(difference, redactPaths)
    }
    // A pair lists only its first differences; it knows how many rows differ.
    this.#other += Math.max(0, (comparison.metrics['flips'] ?? 0) - listed)
  }

  /** Most frequent first. */
  report(): ConfusionReport {
    const ranked = [...this.#pairs.values()].sort((a, b) => b.count - a.count)
    const rest = ranked.slice(REPORTED_LABEL_PAIRS).reduce((sum, { count }) => sum + count, 0)
    return { pairs: ranked.slice(0, REPORTED_LABEL_PAIRS).map(pair => ({ ...pair })), other: this.#other + rest }
  }

  #count({ path, primary, shadow }: Difference, redactPaths: readonly FieldPath[]): void {
    const place = withoutPositions(path)
    const labels = [primary, shadow].map(label => labelText(redactDifference(label, path, redactPaths)))
    const key = JSON.stringify([place, ...labels])
    const pair = this.#pairs.get(key)
    if (pair !== undefined) pair.count++
    else if (this.#pairs.size === MAX_LABEL_PAIRS) this.#other++
    else this.#pairs.set(key, { path: place, primary: labels[0] ?? '', shadow: labels[1] ?? '', count: 1 })
  }
}

/** An answer may hold more than classes: what is neither a text, a whole number nor a truth value is no label. */
function isFlip({ kind, primary, shadow }: Difference): boolean {
  return kind === 'value' && isLabel(primary) && isLabel(shadow)
}

function isLabel(value: unknown): boolean {
  return typeof value === 'string' || typeof value === 'boolean' || Number.isInteger(value)
}

function labelText(label: unknown): string {
  const text = String(label)
  return text.length > MAX_LABEL_CHARACTERS ? `${text.slice(0, MAX_LABEL_CHARACTERS)}…` : text
}

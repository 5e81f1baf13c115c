import type { FieldPath } from '../config/snapshot.ts'
import type { FlippedLabel } from '../sinks/findings.ts'
import { redactDifference } from '../sinks/redact.ts'
import type { ExperimentReport } from '../wire/messages.ts'

/** Labels come from the models' answers: without a bound, a model that invents labels fills the memory. */
const MAX_CONFUSIONS = 512
const REPORTED_CONFUSIONS = 50
/** What is taken for a label may be a text. */
const MAX_LABEL_CHARACTERS = 64

type Confusion = ExperimentReport['confusions'][number]

/** How often a class of the primary is another one for the shadow. */
export class Confusions {
  readonly #confusions = new Map<string, { primary: string; shadow: string; count: number }>()
  #total = 0

  /**
   * What changed in one pair. `flips`: how many changes of class there were, those beyond the listed ones included. What
   * several outputs of an answer say alike, a label and the scores behind it, is one change.
   */
  add(labels: readonly FlippedLabel[], flips: number): void {
    const once = saidOnce(labels)
    this.#total += flips - (labels.length - once.length)
    for (const label of once) {
      const primary = cut(label.primary)
      const shadow = cut(label.shadow)
      const key = JSON.stringify([primary, shadow])
      const confusion = this.#confusions.get(key)
      if (confusion !== undefined) {
        confusion.count++
        continue
      }
      if (this.#confusions.size === MAX_CONFUSIONS) this.#keepHalf()
      this.#confusions.set(key, { primary, shadow, count: 1 })
    }
  }

  report(): { confusions: Confusion[]; otherConfusions: number } {
    const confusions = this.#ranked()
      .slice(0, REPORTED_CONFUSIONS)
      .map(([, confusion]) => ({ ...confusion }))
    return { confusions, otherConfusions: this.#total - confusions.reduce((sum, { count }) => sum + count, 0) }
  }

  /** The rarer half makes room, and counts among the others from then on. */
  #keepHalf(): void {
    for (const [key] of this.#ranked().slice(MAX_CONFUSIONS / 2)) this.#confusions.delete(key)
  }

  #ranked() {
    return [...this.#confusions].sort(([, a], [, b]) => b.count - a.count)
  }
}

/** Labels below a redacted field are counted without their names. */
export function redactLabels(labels: readonly FlippedLabel[], paths: readonly FieldPath[]): FlippedLabel[] {
  return labels.map(({ path, primary, shadow }) => ({
    path,
    primary: String(redactDifference(primary, path, paths)),
    shadow: String(redactDifference(shadow, path, paths)),
  }))
}

/** Of changes that read the same, as many as the output has that says it most often. */
function saidOnce(labels: readonly FlippedLabel[]): readonly FlippedLabel[] {
  const first = labels[0]?.path
  if (labels.every(({ path }) => path === first)) return labels
  const byOutput = new Map<string, number>()
  const most = new Map<string, number>()
  return labels.filter(({ path, primary, shadow }) => {
    const change = JSON.stringify([primary, shadow])
    const output = `${path} ${change}`
    const times = (byOutput.get(output) ?? 0) + 1
    byOutput.set(output, times)
    if (times <= (most.get(change) ?? 0)) return false
    most.set(change, times)
    return true
  })
}

function cut(label: string): string {
  return label.length > MAX_LABEL_CHARACTERS ? `${label.slice(0, MAX_LABEL_CHARACTERS)}…` : label
}

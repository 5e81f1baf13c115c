import { imageOfRequest } from './request-id.ts'

/** What one version said about an image. */
export interface Prediction {
  readonly label: number
  /** By class, they sum to one. */
  readonly probabilities: readonly number[]
}

/** An image to which the versions gave different labels, as the proxy recorded it. */
export interface DifferingImage {
  /** `Digit.index`. */
  readonly image: number
  readonly primary: Prediction
  readonly candidate: Prediction
  /** How much of the probability moved: 0 none, 1 all (total variation distance). */
  readonly distance: number
  /** Recorded disagreements on this image. */
  readonly times: number
}

/** Gathers the disagreements that the admin API shows: it keeps the newest ones only, a run may have more. */
export class DifferenceLog {
  readonly #byImage = new Map<number, DifferingImage>()
  #lastIds: ReadonlySet<string> = new Set()

  /** `records`: pair records as the admin API gives them, newest first. What was in the last call is known already. */
  add(records: readonly unknown[]): void {
    const ids = new Set<string>()
    for (const record of (records as readonly DisagreementRecord[]).toReversed()) {
      ids.add(record.id)
      if (!this.#lastIds.has(record.id)) this.#take(record)
    }
    this.#lastIds = ids
  }

  /** In the order of their newest disagreement, newest first. */
  newest(): DifferingImage[] {
    return [...this.#byImage.values()].toReversed()
  }

  #take(record: DisagreementRecord): void {
    const image = imageOfRequest(record.requestId)
    const primary = prediction(record.bodies?.primary)
    const candidate = prediction(record.bodies?.shadow)
    // Somebody else's request (the sample curl), or a leg without an answer.
    if (image === null || primary === null || candidate === null) return
    const times = (this.#byImage.get(image)?.times ?? 0) + 1
    // Taken out first: a Map keeps the order in which keys came.
    this.#byImage.delete(image)
    this.#byImage.set(image, { image, primary, candidate, distance: totalVariation(primary, candidate), times })
  }
}

/** The parts of a pair record that are read here. */
interface DisagreementRecord {
  readonly id: string
  readonly requestId: string
  readonly bodies?: { readonly primary?: unknown; readonly shadow?: unknown }
}

interface InferAnswer {
  readonly outputs?: readonly { readonly name: string; readonly data: readonly number[] }[]
}

function prediction(body: unknown): Prediction | null {
  const outputs = (body as InferAnswer | undefined)?.outputs
  const label = outputs?.find(output => output.name === 'label')?.data[0]
  const probabilities = outputs?.find(output => output.name === 'probabilities')?.data
  return label === undefined || probabilities === undefined ? null : { label, probabilities }
}

function totalVariation(a: Prediction, b: Prediction): number {
  const moved = a.probabilities.reduce((sum, p, digit) => sum + Math.abs(p - (b.probabilities[digit] ?? 0)), 0)
  return moved / 2
}

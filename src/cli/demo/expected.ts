import { mostProbable } from './classifier.ts'
import { loadDigits, splitDigits } from './digits.ts'
import { trainModel, type ModelKind, type ScenarioName } from './scenarios.ts'

/** What two models say about the held-out images when they are simply run, without servers or proxy. */
export interface Expected {
  /** Held-out images. */
  readonly images: number
  /** `Digit.index` of those for which the two models name different digits. */
  readonly differing: ReadonlySet<number>
}

/** Trains both models of a scenario and runs them: about a second, deterministic. */
export function expectedDisagreements(scenario: ScenarioName): Expected {
  const primary = labelsOf('primary')
  const candidate = labelsOf(scenario)
  const differing = [...primary].filter(([index, label]) => candidate.get(index) !== label).map(([index]) => index)
  return { images: primary.size, differing: new Set(differing) }
}

/** The label a model gives to each held-out image, by `Digit.index`. */
export function labelsOf(kind: ModelKind): Map<number, number> {
  const model = trainModel(kind)
  const { heldOut } = splitDigits(loadDigits())
  return new Map(heldOut.map(({ index, pixels }) => [index, mostProbable(model.probabilities(pixels))]))
}

/** A trained model: pixels (0 to 16) in, one probability per class out. */
export interface Classifier {
  /** What it is, for people. */
  readonly platform: string
  /** CLASSES probabilities that sum to one, rounded to single precision: that is what the server sends. */
  probabilities(pixels: readonly number[]): number[]
}

/** The most probable class; of equals the lowest. */
export function mostProbable(probabilities: readonly number[]): number {
  return probabilities.indexOf(Math.max(...probabilities))
}

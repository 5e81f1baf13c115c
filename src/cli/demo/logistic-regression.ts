import type { Classifier } from './classifier.ts'
import { CLASSES, MAX_PIXEL, PIXELS, type Digit } from './digits.ts'
import { seededRandom, shuffled } from './random.ts'

export interface LogisticRegressionOptions {
  /** Passes over the training images. */
  readonly epochs: number
  /** Of the order in which images are seen; weights start at zero. */
  readonly seed: number
}

/** Each image's gradient is taken on its own (no batches), with steps this large for pixels scaled to 0..1. */
const LEARNING_RATE = 0.1

/** Weights of one class: one for each pixel, then the bias. */
type ClassWeights = Float64Array

/** Multinomial logistic regression, trained with stochastic gradient descent on the cross-entropy. */
export function trainLogisticRegression(
  training: readonly Digit[],
  { epochs, seed }: LogisticRegressionOptions,
): Classifier {
  const weights = Array.from({ length: CLASSES }, () => new Float64Array(PIXELS + 1))
  const random = seededRandom(seed)
  for (let epoch = 0; epoch < epochs; epoch++) {
    for (const { pixels, label } of shuffled(training, random)) step(weights, pixels, label)
  }
  return {
    platform: `logistic regression, ${epochs} epochs on ${training.length} images`,
    probabilities: pixels => softmax(weights, pixels).map(Math.fround),
  }
}

function step(weights: readonly ClassWeights[], pixels: readonly number[], label: number): void {
  const predicted = softmax(weights, pixels)
  for (const [digit, own] of weights.entries()) {
    const gradient = (predicted[digit] as number) - (digit === label ? 1 : 0)
    const scaled = (LEARNING_RATE * gradient) / MAX_PIXEL
    for (let pixel = 0; pixel < PIXELS; pixel++)
      own[pixel] = (own[pixel] as number) - scaled * (pixels[pixel] as number)
    own[PIXELS] = (own[PIXELS] as number) - LEARNING_RATE * gradient
  }
}

function softmax(weights: readonly ClassWeights[], pixels: readonly number[]): number[] {
  const scores = weights.map(own => score(own, pixels))
  // Only differences count: the largest is taken off so that no power overflows.
  const largest = Math.max(...scores)
  const powers = scores.map(value => Math.exp(value - largest))
  const sum = powers.reduce((total, power) => total + power, 0)
  return powers.map(power => power / sum)
}

function score(own: ClassWeights, pixels: readonly number[]): number {
  let sum = own[PIXELS] as number
  for (let pixel = 0; pixel < PIXELS; pixel++) sum += ((own[pixel] as number) * (pixels[pixel] as number)) / MAX_PIXEL
  return sum
}

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

/** An image as the model sees it: its pixels scaled to 0..1, then a 1 whose weight is the bias. */
type Features = Float64Array
/** Of one class: a weight for each feature. */
type ClassWeights = Float64Array

/** Multinomial logistic regression, trained with stochastic gradient descent on the cross-entropy. */
export function trainLogisticRegression(
  training: readonly Digit[],
  { epochs, seed }: LogisticRegressionOptions,
): Classifier {
  const weights = Array.from({ length: CLASSES }, () => new Float64Array(PIXELS + 1))
  const examples = training.map(({ pixels, label }) => ({ features: featuresOf(pixels), label }))
  const random = seededRandom(seed)
  for (let epoch = 0; epoch < epochs; epoch++) {
    for (const { features, label } of shuffled(examples, random)) step(weights, features, label)
  }
  return {
    platform: `logistic regression, ${epochs} epochs on ${training.length} images`,
    probabilities: pixels => softmax(weights, featuresOf(pixels)).map(Math.fround),
  }
}

function featuresOf(pixels: readonly number[]): Features {
  return Float64Array.from([...pixels.map(pixel => pixel / MAX_PIXEL), 1])
}

function step(weights: readonly ClassWeights[], features: Features, label: number): void {
  const predicted = softmax(weights, features)
  for (const [digit, own] of weights.entries()) {
    const change = LEARNING_RATE * ((predicted[digit] as number) - (digit === label ? 1 : 0))
    for (let i = 0; i < own.length; i++) own[i] = (own[i] as number) - change * (features[i] as number)
  }
}

function softmax(weights: readonly ClassWeights[], features: Features): number[] {
  const scores = weights.map(own => dot(own, features))
  // Only differences count: the largest is taken off so that no power overflows.
  const largest = Math.max(...scores)
  const powers = scores.map(score => Math.exp(score - largest))
  const sum = powers.reduce((total, power) => total + power, 0)
  return powers.map(power => power / sum)
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += (a[i] as number) * (b[i] as number)
  return sum
}

import type { Classifier } from './classifier.ts'
import { CLASSES, type Digit } from './digits.ts'

export interface NearestNeighboursOptions {
  readonly neighbours: number
}

interface Neighbour {
  readonly label: number
  readonly distance: number
}

/**
 * Compares with every training image: no training, but each answer costs as much as there are images. A class gets as
 * its probability its share of the nearest ones (Euclidean distance; of equals the earlier in `training`).
 */
export function nearestNeighbours(training: readonly Digit[], { neighbours }: NearestNeighboursOptions): Classifier {
  return {
    platform: `${neighbours}-nearest-neighbours over ${training.length} images`,
    probabilities: pixels => {
      const shares = Array.from({ length: CLASSES }, () => 0)
      for (const { label } of nearest(training, pixels, neighbours)) {
        shares[label] = (shares[label] as number) + 1 / neighbours
      }
      return shares.map(Math.fround)
    },
  }
}

function nearest(training: readonly Digit[], pixels: readonly number[], wanted: number): Neighbour[] {
  const best: Neighbour[] = []
  for (const digit of training) {
    const distance = squaredDistance(digit.pixels, pixels)
    if (best.length === wanted && distance >= (best[wanted - 1] as Neighbour).distance) continue
    if (best.length === wanted) best.pop()
    const place = best.findIndex(neighbour => distance < neighbour.distance)
    best.splice(place === -1 ? best.length : place, 0, { label: digit.label, distance })
  }
  return best
}

function squaredDistance(a: readonly number[], b: readonly number[]): number {
  let sum = 0
  for (let pixel = 0; pixel < a.length; pixel++) {
    const difference = (a[pixel] as number) - (b[pixel] as number)
    sum += difference * difference
  }
  return sum
}

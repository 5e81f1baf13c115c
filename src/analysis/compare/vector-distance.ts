export interface VectorDistance {
  /** -1..1; NaN where a vector has no direction: all zero, or with a NaN or an infinity. */
  readonly cosine: number
  /** Euclidean. */
  readonly l2: number
  /** Length of the shadow's vector over that of the primary's. */
  readonly normRatio: number
}

/**
 * How far two vectors of `size` values are apart, each read from its `start` on, in one pass.
 * Cosine: a·b / (|a| |b|) (Salton & McGill 1983), held within -1..1 where rounding leaves it.
 */
export function vectorDistance(
  a: ArrayLike<number>,
  aStart: number,
  b: ArrayLike<number>,
  bStart: number,
  size: number,
): VectorDistance {
  return a instanceof Float32Array && b instanceof Float32Array
    ? distanceOfSingles(a, aStart, b, bStart, size)
    : distanceOfLists(listOf(a), aStart, listOf(b), bStart, size)
}

/** A server that answers in base64 beside one that writes numbers is rare: a copy, for the sake of all others. */
function listOf(values: ArrayLike<number>): ArrayLike<number> {
  return values instanceof Float32Array ? Array.from(values) : values
}

const distanceOfSingles = distanceOf<Float32Array>()
const distanceOfLists = distanceOf<ArrayLike<number>>()

/** A function for each kind of list: the engine compiles one that has met both so that every read costs several times as much. */
function distanceOf<T extends ArrayLike<number>>() {
  return (a: T, aStart: number, b: T, bStart: number, size: number): VectorDistance => {
    let dot = 0
    let aSquares = 0
    let bSquares = 0
    let squares = 0
    for (let i = 0; i < size; i++) {
      const x = a[aStart + i] as number
      const y = b[bStart + i] as number
      const change = y - x
      dot += x * y
      aSquares += x * x
      bSquares += y * y
      squares += change * change
    }
    const product = Math.sqrt(aSquares) * Math.sqrt(bSquares)
    const cosine = product > 0 && Number.isFinite(product) ? Math.max(-1, Math.min(1, dot / product)) : Number.NaN
    return { cosine, l2: Math.sqrt(squares), normRatio: Math.sqrt(bSquares) / Math.sqrt(aSquares) }
  }
}

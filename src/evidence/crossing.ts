/** Enough for the printed digits and for the golden values; the function is known to some 13 digits itself. */
const TOLERANCE = 1e-13
const STEPS_MAX = 200

/**
 * Where `f` crosses zero between `negative` (f < 0) and `positive` (f >= 0), to 13 digits; the end with f >= 0 of the
 * last bracket, so that an interval made of it is never too short. Chandrupatla 1997: inverse quadratic interpolation
 * where it is safe, bisection elsewhere; 6 to 9 evaluations on the smooth, convex functions here.
 */
export function findCrossing(f: (x: number) => number, negative: number, positive: number): number {
  let b = negative
  let a = positive
  let fa = f(a)
  if (!(fa < Infinity)) fa = Number.MAX_VALUE
  let fb = f(b)
  let c = a
  let fc = fa
  let t = 0.5
  for (let step = 0; step < STEPS_MAX; step++) {
    const x = a + t * (b - a)
    const fx = f(x)
    if (fx >= 0 === fa >= 0) {
      c = a
      fc = fa
    } else {
      c = b
      fc = fb
      b = a
      fb = fa
    }
    a = x
    fa = fx
    const width = Math.abs(b - a)
    const best = Math.abs(fa) < Math.abs(fb) ? a : b
    const tolerance = TOLERANCE * Math.abs(best)
    if (fx === 0) return x
    if (width <= 2 * tolerance) break
    const xi = (a - b) / (c - b)
    const phi = (fa - fb) / (fc - fb)
    const isSafe = phi * phi < xi && (1 - phi) * (1 - phi) < 1 - xi
    t = isSafe ? (fa / (fb - fa)) * (fc / (fb - fc)) + ((c - a) / (b - a)) * (fa / (fc - fa)) * (fb / (fc - fb)) : 0.5
    const least = tolerance / width
    t = Math.min(1 - least, Math.max(least, t))
    if (!(t > 0 && t < 1)) t = 0.5
  }
  return fa >= 0 ? a : b
}

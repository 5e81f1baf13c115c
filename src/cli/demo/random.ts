/** Uniform numbers in [0, 1), the same ones for the same seed on every machine. Not for secrets. */
export type Random = () => number

/** Odd, near 2^32 divided by the golden ratio: consecutive states, and consecutive seeds, end up far apart. */
const STEP = 0x9e3779b9

/** A counter whose bits are mixed twice: 2^32 numbers before it repeats, plenty for a demo. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0
  return () => {
    state = (state + STEP) >>> 0
    let mixed = Math.imul(state ^ (state >>> 16), 0x7feb352d)
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x846ca68b)
    return ((mixed ^ (mixed >>> 16)) >>> 0) / 2 ** 32
  }
}

/** A shuffled copy; every order is equally likely. */
export function shuffled<T>(items: readonly T[], random: Random): T[] {
  const copy = [...items]
  for (let last = copy.length - 1; last > 0; last--) {
    const other = Math.floor(random() * (last + 1))
    const held = copy[last] as T
    copy[last] = copy[other] as T
    copy[other] = held
  }
  return copy
}

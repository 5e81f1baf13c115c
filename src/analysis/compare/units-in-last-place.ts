/** The bits of two floats, read as integers. The buffer is the thread's own. */
const view = new DataView(new ArrayBuffer(16))

/**
 * How many representable numbers of the datatype lie between two floats, plus one: 0 for the same, 1 for neighbours. Floats
 * of one sign are in the order of their bits (IEEE 754-2019, 5.10), so it is the difference of two integers. 0 and -0 are the
 * same, two NaNs too; NaN where only one is, or where the datatype is not of floats. Beyond 2^53 it is rounded.
 */
export function unitsInLastPlace(a: number, b: number, datatype: string): number {
  if (a === b || (Number.isNaN(a) && Number.isNaN(b))) return 0
  if (Number.isNaN(a) || Number.isNaN(b)) return Number.NaN
  // Across zero both distances to it add up.
  const sign = a < 0 === b < 0 ? -1 : 1
  const [x, y] = [Math.abs(a), Math.abs(b)]
  switch (datatype) {
    case 'FP64':
      view.setFloat64(0, x)
      view.setFloat64(8, y)
      return Math.abs(
        (view.getUint32(0) + sign * view.getUint32(8)) * 2 ** 32 + (view.getUint32(4) + sign * view.getUint32(12)),
      )
    case 'FP32':
      return Math.abs(singleOrdinal(x) + sign * singleOrdinal(y))
    case 'BF16':
      // The upper half of an FP32.
      return Math.abs(Math.round(singleOrdinal(x) / 2 ** 16) + sign * Math.round(singleOrdinal(y) / 2 ** 16))
    case 'FP16':
      return Math.abs(halfOrdinal(x) + sign * halfOrdinal(y))
    default:
      return Number.NaN
  }
}

function singleOrdinal(size: number): number {
  view.setFloat32(0, size)
  return view.getUint32(0)
}

/** 10 bits of fraction, exponents from -14; below that the step stays 2^-24; infinity comes behind 65 504. */
function halfOrdinal(size: number): number {
  if (size >= 65_520) return 31 * 1024
  const exponent = size < 2 ** -14 ? -14 : Math.floor(Math.log2(size))
  return (exponent + 14) * 1024 + Math.round(size / 2 ** (exponent - 10))
}

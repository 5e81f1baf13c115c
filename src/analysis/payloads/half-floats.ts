/** The two floating point formats of 16 bits that models use; both widen to a number without loss. */

const MANTISSA_SCALE = 2 ** -10
const SMALLEST_SUBNORMAL = 2 ** -24
const EXPONENT_BIAS = 15
const SPECIAL_EXPONENT = 31

/** IEEE 754 binary16: 1 sign bit, 5 of exponent, 10 of mantissa. */
export function fp16(bits: number): number {
  const sign = (bits & 0x8000) === 0 ? 1 : -1
  const exponent = (bits >> 10) & 0x1f
  const mantissa = bits & 0x3ff
  if (exponent === SPECIAL_EXPONENT) return mantissa === 0 ? sign * Infinity : Number.NaN
  if (exponent === 0) return sign * mantissa * SMALLEST_SUBNORMAL
  return sign * 2 ** (exponent - EXPONENT_BIAS) * (1 + mantissa * MANTISSA_SCALE)
}

const scratch = new DataView(new ArrayBuffer(4))

/** bfloat16: the upper half of a float of 32 bits. */
export function bf16(bits: number): number {
  scratch.setUint32(0, bits * 0x1_0000)
  return scratch.getFloat32(0)
}

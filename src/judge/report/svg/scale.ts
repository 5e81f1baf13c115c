/** From a value to its place in a picture. */
export type Scale = (value: number) => number

/** Maps `from` to `start` and `to` to `end`; what lies outside is put on the nearer edge. */
export function linearScale(from: number, to: number, start: number, end: number): Scale {
  const span = to - from
  return value => {
    const part = span === 0 ? 0 : (value - from) / span
    return start + Math.min(1, Math.max(0, part)) * (end - start)
  }
}

/** Round values between `from` and `to`, about `count` of them: 1, 2 or 5 times a power of ten apart. */
export function roundTicks(from: number, to: number, count: number): number[] {
  const rough = (to - from) / count
  if (!(rough > 0) || !Number.isFinite(rough)) return []
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = power * ([1, 2, 5].find(factor => factor * power >= rough) ?? 10)
  const first = Math.ceil(from / step - 1e-9)
  const last = Math.floor(to / step + 1e-9)
  // Multiplied, not added up: sums of 0.1 drift away from round values.
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => Number(((first + i) * step).toPrecision(12)))
}

/** Seconds apart that people count in. */
const TIME_STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200, 86_400]

/** Round durations from 0 to `seconds`, at most `count` and 0. */
export function timeTicks(seconds: number, count: number): number[] {
  const days = Math.ceil(seconds / count / 86_400) * 86_400
  const step = TIME_STEPS.find(each => each * count >= seconds) ?? days
  return Array.from({ length: Math.floor(seconds / step) + 1 }, (_, i) => i * step)
}

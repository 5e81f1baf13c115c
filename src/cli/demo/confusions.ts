import type { DifferingImage } from './differences.ts'

/** "Images of a `digit`: the primary says one thing, the candidate another." */
export interface Confusion {
  readonly digit: number
  readonly primary: number
  readonly candidate: number
  readonly times: number
}

/** What the change of version does to the images of one digit, in disagreeing requests. */
export interface DigitEffect {
  readonly digit: number
  /** Answered requests with an image of this digit. */
  readonly requests: number
  /** The primary was right, the candidate wrong. */
  readonly lost: number
  /** The primary was wrong, the candidate right. */
  readonly gained: number
}

/** Fewer net losses than this are chance. */
const LOSSES_TO_NAME = 5

/** Most frequent first. `labels`: the true ones, by image. */
export function confusions(images: readonly DifferingImage[], labels: readonly number[]): Confusion[] {
  const found = new Map<string, Confusion>()
  for (const { image, primary, candidate, times } of images) {
    const digit = labels[image] as number
    const key = `${digit} ${primary.label} ${candidate.label}`
    const before = found.get(key)?.times ?? 0
    found.set(key, { digit, primary: primary.label, candidate: candidate.label, times: before + times })
  }
  return [...found.values()].toSorted((a, b) => b.times - a.times)
}

/** One entry for each digit that has a confusion, by digit. `requests`: how many were answered, by digit. */
export function digitEffects(all: readonly Confusion[], requests: ReadonlyMap<number, number>): DigitEffect[] {
  const digits = [...new Set(all.map(({ digit }) => digit))].toSorted((a, b) => a - b)
  return digits.map(digit => {
    const own = all.filter(confusion => confusion.digit === digit)
    const timesWhere = (side: 'primary' | 'candidate'): number =>
      own.filter(confusion => confusion[side] === digit).reduce((sum, { times }) => sum + times, 0)
    return { digit, requests: requests.get(digit) ?? 0, lost: timesWhere('primary'), gained: timesWhere('candidate') }
  })
}

/** The digit that bears at least half of all that the candidate got worse at; null when there is no such digit. */
export function hardestHit(effects: readonly DigitEffect[]): DigitEffect | null {
  const net = ({ lost, gained }: DigitEffect): number => Math.max(0, lost - gained)
  const all = effects.reduce((sum, effect) => sum + net(effect), 0)
  const worst = effects.toSorted((a, b) => net(b) - net(a))[0]
  if (worst === undefined || net(worst) < LOSSES_TO_NAME || net(worst) * 2 < all) return null
  return worst
}

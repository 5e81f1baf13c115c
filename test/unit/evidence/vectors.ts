import type { Side } from '../../../src/evidence/mixture.ts'
import type { Stratum } from '../../../src/evidence/strata.ts'

/** Golden values of an independent implementation with the same grids of 32 points. */
interface MeanVector {
  readonly values: readonly number[]
  readonly counts: readonly number[]
  readonly q: number
  readonly side: Side
  readonly logE: number
}

interface ArmVector {
  readonly strata: readonly Stratum[]
  readonly margin: number
  readonly side: Side
  readonly logE: number
}

interface IntervalVector {
  readonly values: readonly number[]
  readonly counts: readonly number[]
  readonly alpha: number
  readonly interval: readonly number[]
}

export const MEAN_VECTORS: readonly MeanVector[] = [
  { values: [0, 1], counts: [995, 5], q: 0.01, side: 'safe', logE: 0.9131361226358803 },
  { values: [0, 1], counts: [995, 5], q: 0.01, side: 'harm', logE: -3.432197668004127 },
  { values: [0, 1], counts: [9950, 50], q: 0.01, side: 'safe', logE: 13.737531821481936 },
  { values: [0, 1], counts: [9950, 50], q: 0.01, side: 'harm', logE: -7.369165810055371 },
  { values: [0, 1], counts: [9900, 100], q: 0.01, side: 'safe', logE: -2.1348259071133215 },
  { values: [0, 1], counts: [9900, 100], q: 0.01, side: 'harm', logE: -3.634574377302828 },
  { values: [0, 1], counts: [300, 0], q: 0.01, side: 'safe', logE: 1.8630249999040704 },
  { values: [0, 1], counts: [300, 0], q: 0.01, side: 'harm', logE: -2.886886345179626 },
  { values: [0, 1], counts: [0, 3], q: 0.01, side: 'safe', logE: -1.386782761618 },
  { values: [0, 1], counts: [0, 3], q: 0.01, side: 'harm', logE: 11.18196321916624 },
  { values: [0, 0.5, 1], counts: [50, 9900, 50], q: 0.505, side: 'safe', logE: 35.90826908247312 },
  { values: [0, 0.5, 1], counts: [50, 9900, 50], q: 0.505, side: 'harm', logE: -4.44583398488921 },
  { values: [0, 0.5, 1], counts: [80, 9900, 20], q: 0.505, side: 'safe', logE: 94.14384609149178 },
  { values: [0, 0.5, 1], counts: [80, 9900, 20], q: 0.505, side: 'harm', logE: -5.177938830353354 },
  { values: [0, 0.5, 1], counts: [20, 9900, 80], q: 0.505, side: 'safe', logE: 5.088174555488349 },
  { values: [0, 0.5, 1], counts: [20, 9900, 80], q: 0.505, side: 'harm', logE: -3.426855967919865 },
  { values: [0, 0.5, 1], counts: [0, 1000, 0], q: 0.505, side: 'safe', logE: 7.742638710469608 },
  { values: [0, 0.5, 1], counts: [0, 1000, 0], q: 0.505, side: 'harm', logE: -2.022011617498549 },
  { values: [0, 0.25, 0.5, 0.75, 1], counts: [900, 50, 30, 15, 5], q: 0.1, side: 'safe', logE: 33.6723602755954 },
  { values: [0, 0.25, 0.5, 0.75, 1], counts: [900, 50, 30, 15, 5], q: 0.02, side: 'harm', logE: 19.545132020770325 },
]

export const ARM_VECTORS: readonly ArmVector[] = [
  { strata: [{ rho: 0.05, canary: 10, primary: 90 }], margin: 1.1, side: 'harm', logE: 0.15167930648212558 },
  { strata: [{ rho: 0.05, canary: 5, primary: 95 }], margin: 1.1, side: 'harm', logE: -2.075083627172471 },
  { strata: [{ rho: 0.5, canary: 50, primary: 50 }], margin: 1.1, side: 'safe', logE: -1.1467069067409468 },
  {
    strata: [
      { rho: 0.01, canary: 3, primary: 40 },
      { rho: 0.05, canary: 12, primary: 60 },
      { rho: 0.2, canary: 30, primary: 50 },
    ],
    margin: 1.1,
    side: 'harm',
    logE: 10.49671082451839,
  },
  { strata: [{ rho: 0.5, canary: 5, primary: 60 }], margin: 1.1, side: 'safe', logE: 27.728763385880224 },
]

export const INTERVAL_VECTORS: readonly IntervalVector[] = [
  { values: [0, 1], counts: [990, 10], alpha: 0.05, interval: [0.0027474898790928967, 0.02299363717909071] },
  { values: [0, 1], counts: [9950, 50], alpha: 0.05, interval: [0.002867991840592741, 0.007614435742108327] },
  { values: [0, 1], counts: [100, 0], alpha: 0.05, interval: [0, 0.05215078553631908] },
  { values: [0, 1], counts: [50, 50], alpha: 0.05, interval: [0.34377133467053245, 0.659375312481662] },
  { values: [0, 1], counts: [0, 20], alpha: 0.05, interval: [0.7642663579347196, 1] },
]

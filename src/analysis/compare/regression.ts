import type { TolerancePlan } from '../../config/snapshot.ts'
import type { CostCap } from './cost-cap.ts'
import type { Findings } from './findings.ts'
import { closeEnough, sameNumber } from './numbers.ts'

/** Is every value within absolute + relative * |primary|? Both lists have the same length. @throws CostExceeded */
export function compareNumbers(
  path: string,
  primary: ArrayLike<number | bigint>,
  shadow: ArrayLike<number | bigint>,
  tolerance: TolerancePlan,
  findings: Findings,
  cost: CostCap,
): void {
  cost.spend(primary.length)
  const errors = new ErrorMetrics()
  for (let i = 0; i < primary.length; i++) {
    const ours = primary[i] as number | bigint
    const theirs = shadow[i] as number | bigint
    errors.add(Number(ours), Number(theirs))
    const same =
      typeof ours === 'number' && typeof theirs === 'number'
        ? closeEnough(ours, theirs, tolerance)
        : sameNumber(ours, theirs, tolerance)
    if (!same) findings.differ(() => `${path}[${i}]`, 'value', ours, theirs)
  }
  errors.report(findings)
}

/** How far the shadow's numbers are from the primary's. */
export class ErrorMetrics {
  #values = 0
  #measured = 0
  #sum = 0
  #largest = 0
  #largestRelative = 0
  #equalNaNs = 0
  #primarySum = 0
  #shadowSum = 0

  get values(): number {
    return this.#values
  }

  add(primary: number, shadow: number): void {
    this.#values++
    const error = shadow - primary
    if (Number.isNaN(error)) {
      if (Number.isNaN(primary) && Number.isNaN(shadow)) this.#equalNaNs++
      return
    }
    if (!Number.isFinite(error)) return
    this.#measured++
    this.#sum += error
    this.#primarySum += primary
    this.#shadowSum += shadow
    const size = Math.abs(error)
    if (size === 0) return
    this.#largest = Math.max(this.#largest, size)
    // Symmetric: 2|s - p| / (|s| + |p|), 2 when only one of them is zero or they differ in sign.
    this.#largestRelative = Math.max(this.#largestRelative, (2 * size) / (Math.abs(primary) + Math.abs(shadow)))
  }

  report(findings: Findings): void {
    findings.addUp('values', this.#values)
    if (this.#equalNaNs > 0) findings.addUp('equal_nans', this.#equalNaNs)
    if (this.#measured === 0) return
    findings.mean('primary_mean', this.#primarySum, this.#measured)
    findings.mean('shadow_mean', this.#shadowSum, this.#measured)
    findings.mean('mean_error', this.#sum, this.#measured)
    findings.maximum('max_abs_error', this.#largest)
    findings.maximum('max_relative_difference', this.#largestRelative)
  }
}

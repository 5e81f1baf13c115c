import type { TolerancePlan } from '../../config/snapshot.ts'
import type { Tensor } from '../payloads/payload.ts'
import type { CostCap } from './cost-cap.ts'
import type { Findings } from './findings.ts'
import { compareNumbers } from './regression.ts'
import { unitsInLastPlace } from './units-in-last-place.ts'
import { vectorDistance } from './vector-distance.ts'

/**
 * Float tensors of which nobody said what they mean agree when their datatype is the same and every value is within the
 * tolerance. Records the largest distance in units in the last place, and the cosine of the whole. @throws CostExceeded
 */
export function compareUnknown(
  path: string,
  primary: Tensor,
  shadow: Tensor,
  tolerance: TolerancePlan,
  findings: Findings,
  cost: CostCap,
): void {
  if (primary.datatype !== shadow.datatype) {
    findings.differ(() => path, 'type', primary.datatype, shadow.datatype)
    return
  }
  const ours = primary.data as ArrayLike<number>
  const theirs = shadow.data as ArrayLike<number>
  compareNumbers(path, ours, theirs, tolerance, findings, cost)
  let largest = 0
  for (let i = 0; i < ours.length; i++) {
    const units = unitsInLastPlace(ours[i] as number, theirs[i] as number, primary.datatype)
    if (units > largest) largest = units
  }
  findings.maximum('max_ulp', largest)
  const { cosine } = vectorDistance(ours, 0, theirs, 0, ours.length)
  if (!Number.isNaN(cosine)) findings.mean('cosine', cosine, 1)
}

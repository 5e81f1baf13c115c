import type { ComparePlan } from '../../config/snapshot.ts'
import type { Comparison } from '../../sinks/record.ts'
import type { Payload } from '../payloads/payload.ts'
import { compareTensor, compareTensors, type RunTask } from './compare-tensors.ts'
import { Findings } from './findings.ts'
import { jsonPrediction } from './json-prediction.ts'
import { ErrorMetrics } from './regression.ts'
import { compareStructure } from './structure.ts'

/** Compares two decoded answers of the same kind by the declared task, or by the one that is recognised. */
export function compareAnswers(primary: Payload, shadow: Payload, plan: ComparePlan): Comparison {
  const findings = new Findings()
  const task = run(primary, shadow, plan, findings)
  if (task === null) {
    return {
      result: 'incomparable',
      reason: 'wrong_task',
      task: plan.task,
      metrics: {},
      differences: [],
      truncated: false,
    }
  }
  return {
    result: findings.agree ? 'agree' : 'disagree',
    task,
    metrics: findings.metrics(),
    differences: findings.differences,
    truncated: findings.truncated,
  }
}

/** null: the declared task does not apply to these answers. */
function run(primary: Payload, shadow: Payload, plan: ComparePlan, findings: Findings): RunTask | null {
  if (primary.kind === 'tensors' && shadow.kind === 'tensors') {
    return compareTensors(primary.tensors, shadow.tensors, plan, findings)
  }
  if (primary.kind !== 'json' || shadow.kind !== 'json') {
    throw new TypeError(`cannot compare a payload of kind ${primary.kind} with one of kind ${shadow.kind}`)
  }
  switch (plan.task) {
    case 'classification':
      return classes(primary.value, shadow.value, plan, findings)
    case 'regression':
      return numbers(primary.value, shadow.value, plan, findings)
    default:
      compareStructure(primary.value, shadow.value, { ...plan, onNumbers: null }, findings)
      return 'structure'
  }
}

function classes(primary: unknown, shadow: unknown, plan: ComparePlan, findings: Findings): RunTask | null {
  const ours = jsonPrediction(primary)
  const theirs = jsonPrediction(shadow)
  if (ours === null || theirs === null || ours.steps.length !== theirs.steps.length) return null
  const task = compareTensor(ours.steps, ours.tensor, theirs.tensor, plan, findings)
  return task === 'classification' ? task : null
}

/** Every number of the answer within the tolerance, everything else the same. */
function numbers(primary: unknown, shadow: unknown, plan: ComparePlan, findings: Findings): RunTask | null {
  const errors = new ErrorMetrics()
  const onNumbers = (ours: number, theirs: number): void => errors.add(ours, theirs)
  compareStructure(primary, shadow, { ...plan, onNumbers }, findings)
  if (errors.values === 0) return null
  errors.report(findings)
  return 'regression'
}

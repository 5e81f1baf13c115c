import type { ComparePlan, TaskKind } from '../../config/snapshot.ts'
import { withoutOnes } from '../payloads/oip.ts'
import type { Tensor } from '../payloads/payload.ts'
import { compareLabels, compareScores } from './classification.ts'
import { below, pathText, type Ignored } from './field-path.ts'
import type { Findings } from './findings.ts'
import { recogniseTensor, isLabelType, rowLength } from './recognise-task.ts'
import { compareNumbers } from './regression.ts'
import { compareStructure } from './structure.ts'

const VALUES_ONLY = { ignore: [], onNumbers: null } as const

export type RunTask = 'classification' | 'regression' | 'structure'

/**
 * Compares named tensors and returns the task that was run, the most telling one when tensors differ in kind;
 * null: the declared task applies to none of them. Model names, ids and parameters are not looked at.
 * `ignore` names a tensor (`$.outputs.proba`) or its position in its own answer (`$.outputs[1]`).
 */
export function compareTensors(
  primary: readonly Tensor[],
  shadow: readonly Tensor[],
  plan: ComparePlan,
  findings: Findings,
): RunTask | null {
  const theirs = new Map<string, Tensor>()
  for (const [index, tensor] of shadow.entries()) {
    if (!isIgnored(tensor, index, plan.ignore)) theirs.set(tensor.name, tensor)
  }
  const tasks = new Set<RunTask>()
  for (const [index, tensor] of primary.entries()) {
    if (isIgnored(tensor, index, plan.ignore)) continue
    const other = theirs.get(tensor.name)
    theirs.delete(tensor.name)
    if (other === undefined)
      findings.differ(() => pathText(['outputs', index]), 'missing', described(tensor), undefined)
    else tasks.add(compareTensor(['outputs', index, 'data'], tensor, other, plan, findings))
  }
  for (const tensor of theirs.values()) {
    findings.differ(() => pathText(['outputs', shadow.indexOf(tensor)]), 'extra', undefined, described(tensor))
  }
  if (plan.task !== 'auto' && tasks.size > 0 && !tasks.has(plan.task)) return null
  return (['classification', 'regression'] as const).find(task => tasks.has(task)) ?? 'structure'
}

/**
 * Compares two tensors of one name; returns what they were compared as. `steps` is where the values are in the primary's
 * answer: differences are told by real paths, because redaction goes by them.
 */
export function compareTensor(
  steps: readonly (string | number)[],
  primary: Tensor,
  shadow: Tensor,
  plan: ComparePlan,
  findings: Findings,
): RunTask {
  const path = pathText(steps)
  const method = chooseMethod(primary, shadow, plan.task)
  // [2] and [2,1] hold the same values.
  if (withoutOnes(primary.shape).join() !== withoutOnes(shadow.shape).join()) {
    findings.differ(() => path, 'size', primary.shape, shadow.shape)
    return taskOf(method)
  }
  const columns = Math.min(rowLength(primary.shape), rowLength(shadow.shape))
  switch (method) {
    case 'labels':
      compareLabels(path, primary.data, shadow.data, findings)
      break
    case 'scores':
      compareScores(path, primary.data as number[], shadow.data as number[], columns, findings)
      break
    case 'one score':
      compareScores(path, bothClasses(primary), bothClasses(shadow), 2, findings)
      break
    case 'numbers':
      compareNumbers(path, primary.data as number[], shadow.data as number[], plan.tolerance, findings)
      break
    case 'structure':
      compareStructure(primary.data, shadow.data, { ...VALUES_ONLY, tolerance: plan.tolerance }, findings, steps)
  }
  return taskOf(method)
}

/** `one score`: a single probability per row, of the second of two classes. */
type Method = 'labels' | 'scores' | 'one score' | 'numbers' | 'structure'

function taskOf(method: Method): RunTask {
  if (method === 'numbers') return 'regression'
  return method === 'structure' ? 'structure' : 'classification'
}

function chooseMethod(primary: Tensor, shadow: Tensor, task: TaskKind): Method {
  switch (task) {
    case 'structure':
      return 'structure'
    case 'regression':
      return isText(primary) || isText(shadow) ? 'structure' : 'numbers'
    case 'classification':
      return classificationMethod(primary, shadow)
    case 'auto': {
      const meaning = recogniseTensor(primary)
      if (meaning !== recogniseTensor(shadow)) return 'structure'
      return meaning === 'distribution' ? 'scores' : meaning
    }
  }
}

/** The user says these are classes: texts and integers are labels; rows of two or more floats are scores. */
function classificationMethod(primary: Tensor, shadow: Tensor): Method {
  const bothLabels = isLabelType(primary.datatype) && isLabelType(shadow.datatype)
  if (bothLabels || isText(primary) || isText(shadow)) return bothLabels ? 'labels' : 'structure'
  const all = [...primary.data, ...shadow.data] as number[]
  const wholes = all.every(value => Number.isInteger(value))
  // Some servers write labels as 5.0; a table of ones and zeros is more likely made of saturated probabilities.
  if (wholes && (primary.shape.length < 2 || rowLength(primary.shape) < 2)) return 'labels'
  if (Math.min(rowLength(primary.shape), rowLength(shadow.shape)) >= 2) return 'scores'
  return all.every(value => value >= 0 && value <= 1) ? 'one score' : 'structure'
}

function bothClasses(tensor: Tensor): number[] {
  return tensor.data.flatMap(p => [1 - (p as number), p as number])
}

function described(tensor: Tensor): string {
  return `${tensor.name} ${tensor.datatype} [${tensor.shape.join()}]`
}

function isText(tensor: Tensor): boolean {
  return tensor.datatype === 'BYTES' || tensor.datatype === 'BOOL'
}

function isIgnored(tensor: Tensor, index: number, ignore: Ignored): boolean {
  if (ignore.length === 0) return false
  const outputs = below(ignore, 0, 'outputs')
  return outputs === null || below(outputs, 1, tensor.name) === null || below(outputs, 1, index) === null
}

import type { ComparePlan, TaskKind } from '../../config/snapshot.ts'
import { withoutOnes } from '../payloads/oip.ts'
import type { Scalar, Tensor } from '../payloads/payload.ts'
import { compareLabels, compareScores } from './classification.ts'
import type { CostCap } from './cost-cap.ts'
import { compareVectors, type Vector } from './embedding.ts'
import { pathText, rulesAt, rulesOf, type FieldRules } from './field-path.ts'
import type { Findings } from './findings.ts'
import { compareRankings, rankingByScore, rankingOf, type Ranking } from './ranking.ts'
import { isLabelType, recogniseTensor, rowLength } from './recognise-task.ts'
import { compareNumbers } from './regression.ts'
import { compareStructure } from './structure.ts'
import { compareUnknown } from './tensors.ts'

export type RunTask = Exclude<TaskKind, 'auto'> | 'tensors' | 'bytes'

/** The most telling first. */
const TELLING = ['classification', 'ranking', 'embedding', 'regression', 'tensors'] as const

/**
 * Compares named tensors and returns the task that was run, the most telling one when tensors differ in kind;
 * null: the declared task applies to none of them. Model names, ids and parameters are not looked at.
 * `ignore` and `fields` name a tensor (`$.outputs.proba`) or its position in its own answer (`$.outputs[1]`).
 * @throws CostExceeded
 */
export function compareTensors(
  primary: readonly Tensor[],
  shadow: readonly Tensor[],
  plan: ComparePlan,
  findings: Findings,
  cost: CostCap,
): RunTask | null {
  const all = rulesOf(plan)
  const outputs = rulesAt(all, ['outputs'])
  const rulesFor = (tensor: Tensor, index: number): FieldRules | null =>
    tensor.place === undefined ? tensorRules(outputs, tensor, index) : rulesAt(all, tensor.place)
  const theirs = new Map<string, Tensor>()
  for (const [index, tensor] of shadow.entries()) {
    if (rulesFor(tensor, index) !== null) theirs.set(tensor.name, tensor)
  }
  const tasks = new Set<RunTask>()
  for (const [index, tensor] of primary.entries()) {
    const own = rulesFor(tensor, index)
    if (own === null) continue
    const other = theirs.get(tensor.name)
    theirs.delete(tensor.name)
    if (other === undefined)
      findings.differ(() => pathText(outputSteps(tensor, index)), 'missing', described(tensor), undefined)
    else {
      const steps = tensor.place ?? ['outputs', index, 'data']
      tasks.add(compareTensor(steps, tensor, other, { ...plan, tolerance: own.tolerance }, findings, cost))
    }
  }
  for (const tensor of theirs.values()) {
    const steps = outputSteps(tensor, shadow.indexOf(tensor))
    findings.differ(() => pathText(steps), 'extra', undefined, described(tensor))
  }
  if (plan.task !== 'auto' && tasks.size > 0 && !tasks.has(plan.task)) return null
  return TELLING.find(task => tasks.has(task)) ?? 'structure'
}

/** What holds for the values of a tensor, by its name or else by its position; null: it is ignored. */
function tensorRules(outputs: FieldRules | null, tensor: Tensor, index: number): FieldRules | null {
  if (outputs === null || (outputs.ignore.length === 0 && outputs.fields.length === 0)) return outputs
  const byPosition = rulesAt(outputs, [index, 'data'], 1)
  const byName = rulesAt(outputs, [tensor.name, 'data'], 1)
  if (byPosition === null || byName === null) return null
  return byName.tolerance === outputs.tolerance ? byPosition : byName
}

/**
 * Compares two tensors of one name; returns what they were compared as. `steps` is where the values are in the primary's
 * answer: differences are told by real paths, because redaction goes by them. @throws CostExceeded
 */
export function compareTensor(
  steps: readonly (string | number)[],
  primary: Tensor,
  shadow: Tensor,
  plan: ComparePlan,
  findings: Findings,
  cost: CostCap,
): RunTask {
  const path = pathText(steps)
  const method = chooseMethod(primary, shadow, plan.task)
  // [2] and [2,1] hold the same values.
  if (withoutOnes(primary.shape).join() !== withoutOnes(shadow.shape).join()) {
    findings.differ(() => path, 'size', primary.shape, shadow.shape)
    return TASK_OF[method]
  }
  const columns = Math.min(rowLength(primary.shape), rowLength(shadow.shape))
  const [ours, theirs] = [primary.data, shadow.data] as [ArrayLike<number>, ArrayLike<number>]
  switch (method) {
    case 'labels':
      compareLabels(path, primary.data, shadow.data, findings, cost)
      break
    case 'scores':
      compareScores(path, ours, theirs, columns, findings, cost)
      break
    case 'one score':
      compareScores(path, bothClasses(ours), bothClasses(theirs), 2, findings, cost)
      break
    case 'numbers':
      compareNumbers(path, ours, theirs, plan.tolerance, findings, cost)
      break
    case 'unknown':
      compareUnknown(path, primary, shadow, plan.tolerance, findings, cost)
      break
    case 'vectors':
      compareVectors(vectors(primary, steps), vectors(shadow, steps), plan.thresholds.cosine, findings, cost)
      break
    case 'rankings':
      compareRankings(rankings(primary, steps), rankings(shadow, steps), plan.thresholds.rbo, findings, cost)
      break
    case 'structure': {
      const options = { ignore: [], fields: [], tolerance: plan.tolerance, onNumbers: null, cost }
      compareStructure(Array.from(primary.data), Array.from(shadow.data), options, findings, steps)
    }
  }
  return TASK_OF[method]
}

/** `one score`: a single probability per row, of the second of two classes. */
type Method = 'labels' | 'scores' | 'one score' | 'numbers' | 'unknown' | 'vectors' | 'rankings' | 'structure'

const TASK_OF = {
  labels: 'classification',
  scores: 'classification',
  'one score': 'classification',
  numbers: 'regression',
  unknown: 'tensors',
  vectors: 'embedding',
  rankings: 'ranking',
  structure: 'structure',
} as const satisfies Record<Method, RunTask>

function chooseMethod(primary: Tensor, shadow: Tensor, task: TaskKind): Method {
  switch (task) {
    case 'structure':
    case 'generation':
      return 'structure'
    case 'regression':
      return isText(primary) || isText(shadow) ? 'structure' : 'numbers'
    case 'classification':
      return classificationMethod(primary, shadow)
    case 'embedding':
      return isLabelType(primary.datatype) || isLabelType(shadow.datatype) ? 'structure' : 'vectors'
    case 'ranking':
      return isLabelType(primary.datatype) === isLabelType(shadow.datatype) ? 'rankings' : 'structure'
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
  const isEvery = (test: (value: number) => boolean): boolean =>
    [primary, shadow].every(({ data }) => every(data, test))
  // Some servers write labels as 5.0; a table of ones and zeros is more likely made of saturated probabilities.
  if ((primary.shape.length < 2 || rowLength(primary.shape) < 2) && isEvery(Number.isInteger)) return 'labels'
  if (Math.min(rowLength(primary.shape), rowLength(shadow.shape)) >= 2) return 'scores'
  return isEvery(value => value >= 0 && value <= 1) ? 'one score' : 'structure'
}

function every(data: ArrayLike<Scalar>, test: (value: number) => boolean): boolean {
  for (let i = 0; i < data.length; i++) if (!test(Number(data[i]))) return false
  return true
}

function bothClasses(data: ArrayLike<number>): Float64Array {
  const both = new Float64Array(2 * data.length)
  for (let i = 0; i < data.length; i++) {
    both[2 * i] = 1 - (data[i] as number)
    both[2 * i + 1] = data[i] as number
  }
  return both
}

/** A vector in each row. */
function vectors({ data, shape }: Tensor, steps: readonly (string | number)[]): Vector[] {
  const size = rowLength(shape)
  const values = data as ArrayLike<number>
  const rows: Vector[] = []
  if (size > 0) for (let start = 0; start < values.length; start += size) rows.push({ values, start, size, steps })
  return rows
}

/** In each row ids, best first, or the scores of the items 0, 1, 2, ... */
function rankings({ data, shape, datatype }: Tensor, steps: readonly (string | number)[]): Ranking[] {
  const size = rowLength(shape)
  const rows = size === 0 ? 0 : data.length / size
  return Array.from({ length: rows }, (_, row) => {
    const values = Array.from({ length: size }, (_value, i) => data[row * size + i] as Scalar)
    if (isLabelType(datatype)) return rankingOf(values.map(String), steps)
    return rankingByScore(
      values.map((_value, place) => String(place)),
      values as number[],
      steps,
    )
  })
}

function described(tensor: Tensor): string {
  return `${tensor.name} ${tensor.datatype} [${tensor.shape.join()}]`
}

function isText(tensor: Tensor): boolean {
  return tensor.datatype === 'BYTES' || tensor.datatype === 'BOOL'
}

/** Where the tensor with all that describes it is in the answer. */
function outputSteps(tensor: Tensor, index: number): readonly (string | number)[] {
  return tensor.place ?? ['outputs', index]
}

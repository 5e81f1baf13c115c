import type { ComparePlan, FieldPath, FieldPlan, FieldStep, TolerancePlan } from '../../config/snapshot.ts'

/** What holds for the current place of an answer, and what may hold below it. Without any paths it is one shared object. */
export interface FieldRules {
  /** Ignored paths that are still possible below. */
  readonly ignore: readonly FieldPath[]
  /** Likewise, the settings of fields. */
  readonly fields: readonly FieldPlan[]
  readonly tolerance: TolerancePlan
  readonly order: FieldPlan['order']
}

type RulesPlan = Pick<ComparePlan, 'ignore' | 'fields' | 'tolerance'>

/** The rules of the whole answer; null: it is ignored. */
export function rulesOf({ ignore, fields, tolerance }: RulesPlan): FieldRules | null {
  if (ignore.some(path => path.length === 0)) return null
  return settled(ignore, fields, tolerance, 0)
}

/** The rules of the field `step`, `depth` steps below the answer; null: this field is ignored. */
export function rulesBelow(rules: FieldRules, depth: number, step: string | number): FieldRules | null {
  if (rules.ignore.length === 0 && rules.fields.length === 0) {
    return rules.order === 'list' ? rules : { ...rules, order: 'list' }
  }
  const ignore: FieldPath[] = []
  for (const path of rules.ignore) {
    if (!startsWith(path, depth, step)) continue
    if (path.length === depth + 1) return null
    ignore.push(path)
  }
  const fields = rules.fields.filter(({ path }) => startsWith(path, depth, step))
  return settled(ignore, fields, rules.tolerance, depth + 1)
}

/** The rules `steps` below a place that is `depth` steps below the answer; null: something on the way there is ignored. */
export function rulesAt(rules: FieldRules | null, steps: readonly (string | number)[], depth = 0): FieldRules | null {
  let current = rules
  for (const [index, step] of steps.entries()) {
    if (current === null) return null
    current = rulesBelow(current, depth + index, step)
  }
  return current
}

/** Fields are sorted, the special ones last: of several for this very place the last decides. */
function settled(
  ignore: readonly FieldPath[],
  fields: readonly FieldPlan[],
  above: TolerancePlan,
  depth: number,
): FieldRules {
  let tolerance = above
  let order: FieldPlan['order'] = 'list'
  for (const field of fields) {
    if (field.path.length !== depth) continue
    tolerance = field.tolerance ?? tolerance
    if (field.order === 'set') order = 'set'
  }
  return { ignore, fields: fields.filter(({ path }) => path.length > depth), tolerance, order }
}

function startsWith(path: FieldPath, depth: number, step: string | number): boolean {
  const pattern = path[depth]
  return pattern !== undefined && (typeof pattern === 'object' || pattern === step)
}

/** `$.outputs.label[3]`, `$.choices[0].*` for any child, and `$["a key"]` where dots would mislead. */
export function pathText(steps: FieldPath): string {
  return steps.reduce<string>((text, step) => text + stepText(step), '$')
}

function stepText(step: FieldStep): string {
  if (typeof step === 'object') return '.*'
  if (typeof step === 'number') return `[${step}]`
  return /^[\w$-]+$/.test(step) ? `.${step}` : `[${JSON.stringify(step)}]`
}

import { formatFieldPath, parseFieldPath } from './field-path.ts'
import type { RoutingFile } from './schema.ts'
import type { ComparePlan, FieldPath, FieldPlan } from './snapshot.ts'

type CompareEntry = Exclude<RoutingFile['routes'][number]['compare'], 'off'>

/** The comparison as the comparators take it. The same settings give the same plan, in whatever order the file has them. */
export function comparePlanOf({
  payload,
  task,
  ignore,
  tolerance,
  fields,
  thresholds,
  limits,
}: CompareEntry): ComparePlan {
  const named = Object.entries(fields).map(([text, settings]) => ({ path: pathOf(text), settings }))
  return {
    payload,
    task,
    ignore: [...ignore, ...named.filter(({ settings }) => settings.ignore).map(({ path }) => path)],
    tolerance,
    fields: named
      .filter(({ settings }) => settings.tolerance !== null || settings.order === 'set')
      .map(({ path, settings }): FieldPlan => ({ path, tolerance: settings.tolerance, order: settings.order }))
      .sort(specialLast),
    thresholds,
    limits: { bodyBytes: limits.body, timeMs: limits.time },
  }
}

/** The schema has let only field paths through. */
function pathOf(text: string): FieldPath {
  const path = parseFieldPath(text)
  if (path === null) throw new TypeError(`${text} is not a field path`)
  return path
}

/** A path with fewer wildcards is more special. */
function specialLast(a: FieldPlan, b: FieldPlan): number {
  const wildcards = wildcardsIn(b.path) - wildcardsIn(a.path)
  if (wildcards !== 0) return wildcards
  return formatFieldPath(a.path) < formatFieldPath(b.path) ? -1 : 1
}

function wildcardsIn(path: FieldPath): number {
  return path.filter(step => typeof step === 'object').length
}

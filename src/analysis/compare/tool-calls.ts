import { parseJson } from '../payloads/json.ts'
import type { ToolCall } from '../payloads/payload.ts'
import { canonicalText } from './canonical-text.ts'
import type { CostCap } from './cost-cap.ts'

export interface ToolCallDifference {
  readonly kind: 'missing' | 'extra' | 'value'
  /** As `name(arguments)`. */
  readonly primary: string | undefined
  readonly shadow: string | undefined
}

/**
 * What differs between two multisets of calls, each a name and the canonical JSON of its arguments. Calls left on both sides
 * with the same name are one call with other arguments. Arguments that are no JSON are compared as they stand.
 * @throws CostExceeded
 */
export function toolCallDifferences(
  primary: readonly ToolCall[],
  shadow: readonly ToolCall[],
  cost: CostCap,
): ToolCallDifference[] {
  const theirs = shadow.map(call => ({ name: call.name, text: textOf(call, cost) }))
  const ours = primary
    .map(call => ({ name: call.name, text: textOf(call, cost) }))
    .filter(call => take(theirs, other => other.text === call.text, cost) === null)
  const differences = ours.map(({ name, text }): ToolCallDifference => {
    const other = take(theirs, call => call.name === name, cost)
    return other === null
      ? { kind: 'missing', primary: text, shadow: undefined }
      : { kind: 'value', primary: text, shadow: other.text }
  })
  return [...differences, ...theirs.map(({ text }) => ({ kind: 'extra', primary: undefined, shadow: text }) as const)]
}

/** Removes the first that fits; null: none does. */
function take<T>(from: T[], fits: (item: T) => boolean, cost: CostCap): T | null {
  cost.spend(from.length)
  const at = from.findIndex(fits)
  return at === -1 ? null : (from.splice(at, 1)[0] ?? null)
}

function textOf(call: ToolCall, cost: CostCap): string {
  const json = parseJson(Buffer.from(call.arguments))
  return `${call.name}(${json.kind === 'json' ? canonicalText(json.value, cost) : call.arguments.trim()})`
}

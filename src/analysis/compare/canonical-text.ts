import type { CostCap } from './cost-cap.ts'

/** One text for equal JSON values, whatever the order of their keys; 0 and -0 are equal. @throws CostExceeded */
export function canonicalText(value: unknown, cost: CostCap): string {
  cost.spend(1)
  if (Array.isArray(value)) return `[${value.map(item => canonicalText(item, cost)).join()}]`
  if (typeof value === 'object' && value !== null) {
    const fields = Object.entries(value).map(([key, field]) => `${JSON.stringify(key)}:${canonicalText(field, cost)}`)
    return `{${fields.sort().join()}}`
  }
  if (typeof value === 'string') return JSON.stringify(value)
  return value === 0 ? '0' : String(value)
}

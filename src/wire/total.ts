/** The sum of counts that are kept by name or by bucket. */
export function total(counts: Readonly<Record<string, number>>): number {
  let sum = 0
  for (const key of Object.keys(counts)) sum += counts[key] as number
  return sum
}

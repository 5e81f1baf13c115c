/** The middle of so many times: a few of them that the machine was late for do not move it. 0 of none. */
export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0
}

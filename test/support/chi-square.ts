/** Pearson's statistic of observed counts against a uniform expectation. */
export function chiSquareUniform(counts: readonly number[]): number {
  const expected = counts.reduce((sum, n) => sum + n, 0) / counts.length
  return counts.reduce((sum, n) => sum + (n - expected) ** 2 / expected, 0)
}

/** Pearson's statistic of a two-way table against independence of its rows and columns. */
export function chiSquareIndependence(table: readonly (readonly number[])[]): number {
  const rows = table.map(row => row.reduce((sum, n) => sum + n, 0))
  const columns = (table[0] ?? []).map((_, j) => table.reduce((sum, row) => sum + (row[j] ?? 0), 0))
  const total = rows.reduce((sum, n) => sum + n, 0)
  let statistic = 0
  table.forEach((row, i) => {
    row.forEach((n, j) => {
      const expected = ((rows[i] as number) * (columns[j] as number)) / total
      statistic += (n - expected) ** 2 / expected
    })
  })
  return statistic
}

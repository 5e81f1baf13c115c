/** A row by column: `{code: 'NO_ROUTE', status: '404'}`. A cell that is one code span is given without its backticks. */
export type TableRow = Readonly<Record<string, string>>

/**
 * The table between `<!-- table:NAME -->` and `<!-- /table -->`. Columns are called by the words of the header row,
 * without what stands in parentheses. Throws when the markers, the table or a cell is missing.
 */
export function readTable(markdown: string, name: string): TableRow[] {
  const [header = [], , ...rows] = tableLines(markdown, name).map(line => splitCells(line, name))
  const columns = header.map(cell =>
    cell
      .replace(/\(.*\)/, '')
      .trim()
      .toLowerCase(),
  )
  return rows.map(cells => {
    if (cells.length !== columns.length) {
      throw new Error(`table ${name}: ${cells.length} cells under ${columns.length} columns: ${cells.join(' | ')}`)
    }
    return Object.fromEntries(columns.map((column, i) => [column, withoutBackticks(cells[i] as string)]))
  })
}

/** The first column. Each cell must be one code span, and none may repeat. */
export function readNames(markdown: string, name: string): string[] {
  const names = tableLines(markdown, name)
    .slice(2)
    .map(line => {
      const cell = splitCells(line, name)[0] as string
      if (!/^`[^`]+`$/.test(cell)) throw new Error(`table ${name}: the first cell is no name in backticks: ${cell}`)
      return withoutBackticks(cell)
    })
  const repeated = names.find((each, i) => names.indexOf(each) !== i)
  if (repeated !== undefined) throw new Error(`table ${name}: ${repeated} stands there twice`)
  return names
}

function tableLines(markdown: string, name: string): string[] {
  const start = `<!-- table:${name} -->`
  const [, after, again] = markdown.split(start)
  if (after === undefined) throw new Error(`there is no ${start}`)
  if (again !== undefined) throw new Error(`there are two ${start}`)
  const end = after.indexOf('<!-- /table -->')
  if (end === -1) throw new Error(`${start} is not closed by <!-- /table -->`)
  const lines = after
    .slice(0, end)
    .split('\n')
    .filter(line => line.trim() !== '')
  if (lines.length < 3 || !/^\|[\s:|-]+\|$/.test(lines[1] as string)) throw new Error(`table ${name} is no table`)
  return lines
}

/** A bar inside a cell is written `\|`. */
function splitCells(line: string, name: string): string[] {
  const row = /^\|(.*)\|\s*$/.exec(line)
  if (row === null) throw new Error(`table ${name}: not a row: ${line}`)
  return (row[1] as string).split(/(?<!\\)\|/).map(cell => cell.trim().replaceAll('\\|', '|'))
}

function withoutBackticks(cell: string): string {
  return /^`[^`]+`$/.test(cell) ? cell.slice(1, -1) : cell
}

import type { Column, Fact, ReportDocument, Section, Table } from './document.ts'
import { escapeXml } from './escape.ts'
import { STYLE } from './html-style.ts'

/** Nothing may run or be loaded, should anything ever get past the escaping: what is shown here comes from outside. */
const POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"

/**
 * One HTML file that needs no other and no network, also well-formed XML. Light or dark as the reader's system is; every
 * picture has a name, a description and its numbers in a table.
 */
export function asHtml({ title, verdict, reason, facts, sections }: ReportDocument): string {
  const lines = [
    '<!DOCTYPE html>',
    '<html lang="en">',
    '<head>',
    '<meta charset="utf-8"/>',
    `<meta http-equiv="Content-Security-Policy" content="${escapeXml(POLICY)}"/>`,
    '<meta name="viewport" content="width=device-width, initial-scale=1"/>',
    '<meta name="referrer" content="no-referrer"/>',
    `<title>${escapeXml(title)}</title>`,
    `<style>${STYLE}</style>`,
    '</head>',
    '<body>',
    '<main>',
    `<div class="verdict ${escapeXml(verdict)}">`,
    `<h1>${escapeXml(title)}</h1>`,
    `<p>${escapeXml(reason)}.</p>`,
    '</div>',
    '<dl>',
    ...facts.map(factRow),
    '</dl>',
    ...sections.flatMap(sectionLines),
    '</main>',
    '</body>',
    '</html>',
  ]
  return `${lines.join('\n')}\n`
}

function factRow({ name, value }: Fact): string {
  return `<dt>${escapeXml(name)}</dt><dd>${escapeXml(value)}</dd>`
}

function sectionLines({ id, title, notes, pictures, tables }: Section): string[] {
  return [
    `<section aria-labelledby="${escapeXml(id)}">`,
    `<h2 id="${escapeXml(id)}">${escapeXml(title)}</h2>`,
    ...notes.map(note => `<p>${escapeXml(note)}</p>`),
    ...pictures,
    ...tables.flatMap(tableLines),
    '</section>',
  ]
}

/** The caption of a folded table is its summary as well: a screen reader that lists tables still finds its name. */
function tableLines(table: Table): string[] {
  const lines = [
    '<div class="table">',
    '<table>',
    `<caption>${escapeXml(table.caption)}</caption>`,
    `<thead><tr>${table.columns.map(heading).join('')}</tr></thead>`,
    '<tbody>',
    ...table.rows.map(cells => `<tr>${cells.map((cell, i) => tableCell(cell, i, table.columns)).join('')}</tr>`),
    '</tbody>',
    '</table>',
    '</div>',
  ]
  if (!table.isFolded) return lines
  return ['<details>', `<summary>${escapeXml(table.caption)}</summary>`, ...lines, '</details>']
}

function heading({ name, isNumber }: Column): string {
  return `<th scope="col"${isNumber ? ' class="number"' : ''}>${escapeXml(name)}</th>`
}

function tableCell(cell: string, i: number, columns: readonly Column[]): string {
  if (i === 0) return `<th scope="row">${escapeXml(cell)}</th>`
  return `<td${columns[i]?.isNumber === true ? ' class="number"' : ''}>${escapeXml(cell)}</td>`
}

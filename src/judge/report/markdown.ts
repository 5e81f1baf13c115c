import type { Column, ReportDocument, Section, Table } from './document.ts'
import { escapeMarkdown } from './escape.ts'

/** GitHub-flavoured Markdown, for a comment under a change or a wiki. Pictures are left out; their tables are there. */
export function asMarkdown({ title, reason, facts, sections }: ReportDocument): string {
  const lines = [
    `# ${escapeMarkdown(title)}`,
    '',
    `${escapeMarkdown(reason)}.`,
    '',
    ...facts.map(({ name, value }) => `- **${escapeMarkdown(name)}**: ${escapeMarkdown(value)}`),
    ...sections.flatMap(section => ['', ...sectionLines(section)]),
  ]
  return `${lines.join('\n')}\n`
}

function sectionLines({ title, notes, tables }: Section): string[] {
  return [
    `## ${escapeMarkdown(title)}`,
    ...notes.flatMap(note => ['', escapeMarkdown(note)]),
    ...tables.flatMap(table => ['', ...tableLines(table)]),
  ]
}

function tableLines({ caption, columns, rows, isFolded }: Table): string[] {
  const lines = [row(columns.map(({ name }) => name)), `| ${columns.map(rule).join(' | ')} |`, ...rows.map(row)]
  // GitHub folds this; where HTML is not read, the table is there all the same.
  return isFolded
    ? [`<details><summary>${escapeMarkdown(caption)}</summary>`, '', ...lines, '', '</details>']
    : [`${escapeMarkdown(caption)}:`, '', ...lines]
}

function row(cells: readonly string[]): string {
  return `| ${cells.map(escapeMarkdown).join(' | ')} |`
}

function rule({ isNumber }: Column): string {
  return isNumber ? '--:' : '---'
}

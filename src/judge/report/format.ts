import { buildDocument } from './build-document.ts'
import { asHtml } from './html.ts'
import { asJson } from './json.ts'
import { asMarkdown } from './markdown.ts'
import type { ReportInput } from './report-input.ts'

export const REPORT_FORMATS = ['markdown', 'html', 'json'] as const
export type ReportFormat = (typeof REPORT_FORMATS)[number]

interface FormatFacts {
  /** Of a file's name, without the dot. */
  readonly extension: string
  readonly contentType: string
}

export const FORMAT_FACTS: Readonly<Record<ReportFormat, FormatFacts>> = {
  markdown: { extension: 'md', contentType: 'text/markdown; charset=utf-8' },
  html: { extension: 'html', contentType: 'text/html; charset=utf-8' },
  json: { extension: 'json', contentType: 'application/vnd.cyclonedx+json; version=1.6' },
}

export function isReportFormat(text: string): text is ReportFormat {
  return (REPORT_FORMATS as readonly string[]).includes(text)
}

export function renderReport(input: ReportInput, format: ReportFormat): string {
  switch (format) {
    case 'markdown':
      return asMarkdown(buildDocument(input))
    case 'html':
      return asHtml(buildDocument(input))
    case 'json':
      return asJson(input)
  }
}

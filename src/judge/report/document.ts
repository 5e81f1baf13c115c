import type { Verdict } from '../../evidence/verdict.ts'

/**
 * A report without a format: what people read, in order. Markdown and HTML are two ways to print it, so neither can say
 * what the other does not. All texts are plain; whoever prints them escapes them.
 */
export interface ReportDocument {
  readonly title: string
  readonly verdict: Verdict
  readonly reason: string
  readonly facts: readonly Fact[]
  readonly sections: readonly Section[]
}

export interface Fact {
  readonly name: string
  readonly value: string
}

export interface Section {
  /** Part of element ids: a lower-case word. */
  readonly id: string
  readonly title: string
  /** One paragraph each. */
  readonly notes: readonly string[]
  /** SVG elements, whole and escaped. What they show is in the tables too. */
  readonly pictures: readonly string[]
  readonly tables: readonly Table[]
}

export interface Table {
  readonly caption: string
  readonly columns: readonly Column[]
  /** As many cells as there are columns. */
  readonly rows: readonly (readonly string[])[]
  /** Details behind a picture: shown on demand. */
  readonly isFolded: boolean
}

export interface Column {
  readonly name: string
  readonly isNumber: boolean
}

export function words(name: string): Column {
  return { name, isNumber: false }
}

export function numbers(name: string): Column {
  return { name, isNumber: true }
}

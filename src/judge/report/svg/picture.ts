import { escapeXml } from '../escape.ts'

/** In the units of the view box; the page scales it. Room on the left for the widest axis label, `+0.0123 points`. */
export const WIDTH = 720
export const LEFT = 104
export const RIGHT = 16
export const TOP = 30
export const BOTTOM = 34

/** Class names of html-style.ts, which gives them colours for light and dark. */
export type Ink =
  | 'axis'
  | 'grid'
  | 'label'
  | 'margin'
  | 'primary'
  | 'shadow'
  | 'estimate'
  | 'interval'
  | 'stage'
  | 'loss'

export interface PictureText {
  /** Unique in the document. */
  readonly id: string
  /** What it is, in a few words. */
  readonly title: string
  /** What one sees in it. */
  readonly description: string
}

/** An inline SVG with a name and a description for those who do not see it. `body`: elements, escaped. */
export function picture({ id, title, description }: PictureText, height: number, body: readonly string[]): string {
  const name = escapeXml(id)
  return [
    `<svg role="img" viewBox="0 0 ${WIDTH} ${height}" aria-labelledby="${name}-title ${name}-description" xmlns="http://www.w3.org/2000/svg">`,
    `<title id="${name}-title">${escapeXml(title)}</title>`,
    `<desc id="${name}-description">${escapeXml(description)}</desc>`,
    ...body,
    '</svg>',
  ].join('\n')
}

export function text(x: number, y: number, content: string, anchor: 'start' | 'middle' | 'end' = 'start'): string {
  return `<text class="label" x="${at(x)}" y="${at(y)}" text-anchor="${anchor}">${escapeXml(content)}</text>`
}

export function line(ink: Ink, x1: number, y1: number, x2: number, y2: number): string {
  return `<line class="${ink}" x1="${at(x1)}" y1="${at(y1)}" x2="${at(x2)}" y2="${at(y2)}"/>`
}

export function rectangle(ink: Ink, x: number, y: number, width: number, height: number): string {
  return `<rect class="${ink}" x="${at(x)}" y="${at(y)}" width="${at(width)}" height="${at(height)}"/>`
}

export function circle(ink: Ink, x: number, y: number, radius: number): string {
  return `<circle class="${ink}" cx="${at(x)}" cy="${at(y)}" r="${at(radius)}"/>`
}

export type Point = readonly [x: number, y: number]

export function polyline(ink: Ink, corners: readonly Point[]): string {
  return `<polyline class="${ink}" points="${joined(corners)}"/>`
}

export function polygon(ink: Ink, corners: readonly Point[]): string {
  return `<polygon class="${ink}" points="${joined(corners)}"/>`
}

function joined(corners: readonly Point[]): string {
  return corners.map(([x, y]) => `${at(x)},${at(y)}`).join(' ')
}

/** A tenth of a unit is less than a pixel. */
function at(value: number): string {
  return String(Number(value.toFixed(1)))
}

import type { StreamEvent } from '../event-stream.ts'

/** Up to the opening quote of a delta that begins with its content. */
const UP_TO_CONTENT = /"delta":\s*\{\s*"content":\s*"/
/** From the closing quote of the content: nothing else in this delta. */
const REST = /^"\s*\}/
const QUOTE = '"'

/** Chunks that are the same text apart from their content. */
interface Run {
  /** Ends with the opening quote of the content. */
  readonly before: string
  /** Begins with the closing quote. */
  readonly after: string
  readonly contents: string[]
}

/**
 * Makes one chunk of neighbours that differ in nothing but the content of their only delta, with the contents one after the
 * other: they say the same. Most chunks of a stream are such neighbours, and JSON is parsed once for all of them, which took
 * 200 chunks from 230 us to 20. What a chunk says wrong is still there to be found.
 */
export function mergeChunks(events: readonly StreamEvent[]): StreamEvent[] {
  const merged: StreamEvent[] = []
  let run: Run | null = null
  for (const event of events) {
    const content = run === null ? null : contentWithin(event, run)
    if (run !== null && content !== null) {
      run.contents.push(content)
      continue
    }
    finish(run, merged)
    run = runOf(event)
    if (run === null) merged.push(event)
  }
  finish(run, merged)
  return merged
}

function finish(run: Run | null, merged: StreamEvent[]): void {
  if (run !== null) merged.push({ type: '', data: run.before + run.contents.join('') + run.after })
}

/** null: not a chunk with a single delta that is only content. */
function runOf({ type, data }: StreamEvent): Run | null {
  const match = type === '' ? UP_TO_CONTENT.exec(data) : null
  if (match === null) return null
  const start = match.index + match[0].length
  const end = endOfContent(data, start)
  const after = data.slice(end)
  if (end === -1 || !REST.test(after) || after.includes('"delta"') || data.indexOf('"delta"') < match.index) return null
  const content = data.slice(start, end)
  return isWhole(content) ? { before: data.slice(0, start), after, contents: [content] } : null
}

/** null: it differs in more. Slices are compared at once, `startsWith` by character: 17 us against 110 for 200 chunks. */
function contentWithin({ type, data }: StreamEvent, { before, after }: Run): string | null {
  if (type !== '' || data.slice(0, before.length) !== before) return null
  const end = endOfContent(data, before.length)
  if (end === -1 || data.slice(end) !== after) return null
  const content = data.slice(before.length, end)
  return isWhole(content) ? content : null
}

/** The closing quote; -1: there is none. */
function endOfContent(data: string, start: number): number {
  let end = data.indexOf(QUOTE, start)
  while (end !== -1 && isEscaped(data, end, start)) end = data.indexOf(QUOTE, end + 1)
  return end
}

function isEscaped(data: string, quote: number, start: number): boolean {
  let at = quote
  while (at > start && data.charCodeAt(at - 1) === 0x5c /* \ */) at--
  return (quote - at) % 2 === 1
}

/** Two halves of an escape must not become one. */
function isWhole(content: string): boolean {
  if (!content.includes('\\')) return true
  try {
    JSON.parse(`"${content}"`)
    return true
  } catch {
    return false
  }
}

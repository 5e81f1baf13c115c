/** Bytes that are not HTTP/1.1, or contradict themselves: what follows on the connection means nothing. */
export class MalformedMessage extends Error {
  readonly code = 'MESSAGE_MALFORMED'
}

/** Which of the 256 characters may stand in a field name (RFC 9110 §5.6.2). */
const TOKEN = new Uint8Array(256)
for (const character of "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
  TOKEN[character.charCodeAt(0)] = 1

/** Controls other than tab, and CR or LF on its own: one reader sees a line end there and another does not. */
// oxlint-disable-next-line no-control-regex
const FORBIDDEN = /[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|\r(?!\n)|(?:^|[^\r])\n/
const LONE_LINE_END = /\r(?!\n)|[^\r]\n/
const FRAMING = new Set(['content-length', 'transfer-encoding'])

/**
 * Field lines of a head or of trailers: latin1, without the empty line at their end. @returns a flat name, value list in the
 * order, case and number they came. @throws MalformedMessage
 */
export function parseFields(text: string): string[] {
  if (FORBIDDEN.test(text)) throw new MalformedMessage('a header has a character that is not allowed there')
  const fields: string[] = []
  let at = 0
  while (at < text.length) {
    let colon = at
    while (TOKEN[text.charCodeAt(colon)] === 1) colon++
    if (colon === at || text.charCodeAt(colon) !== 58 /* : */)
      throw new MalformedMessage('a header line has no valid name')
    const found = text.indexOf('\r\n', colon)
    const end = found === -1 ? text.length : found
    let from = colon + 1
    let to = end
    while (from < to && isBlank(text.charCodeAt(from))) from++
    while (to > from && isBlank(text.charCodeAt(to - 1))) to--
    fields.push(text.slice(at, colon), text.slice(from, to))
    at = end + 2
  }
  return fields
}

/** The same, of trailers. What frames a message must not come behind it (RFC 9110 §6.5.1). @throws MalformedMessage */
export function parseTrailers(text: string): string[] {
  const fields = parseFields(text)
  for (let i = 0; i < fields.length; i += 2) {
    if (FRAMING.has((fields[i] as string).toLowerCase()))
      throw new MalformedMessage(`${fields[i]} stands in the trailers`)
  }
  return fields
}

/** Of a head that is not whole yet, `from` the first character that is new: what can be none is not waited for. @throws MalformedMessage */
export function checkLineEnds(text: string, from: number): void {
  const added = text.slice(Math.max(0, from - 1), text.endsWith('\r') ? -1 : undefined)
  if (LONE_LINE_END.test(added)) throw new MalformedMessage('a line does not end with CR and LF')
}

/** `lower` is lower case and of the same length. */
export function isNamed(name: string, lower: string): boolean {
  return name === lower || name.toLowerCase() === lower
}

function isBlank(code: number): boolean {
  return code === 32 || code === 9
}

/**
 * What XML cannot hold even escaped: most control characters, lone surrogates and two non-characters. HTML could hold some
 * of them, but nobody can read them.
 */
const UNPRINTABLE = /[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/gu

const XML_ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/** Plain text for an element or a quoted attribute of XML, SVG or HTML. */
export function escapeXml(text: string): string {
  return printable(text).replace(/[&<>"']/g, character => XML_ENTITIES[character] ?? character)
}

/**
 * Plain text for one line of Markdown, a table cell included: nothing in it is markup, HTML or the end of a cell. Marks
 * inside a word are left alone, so that `shadow_error` still reads as one.
 */
export function escapeMarkdown(text: string): string {
  return printable(text)
    .replace(/\s+/g, ' ')
    .replace(/[\\`*[\]{}|~$!#]|(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])/gu, mark => `\\${mark}`)
    .replace(/[&<>]/g, character => XML_ENTITIES[character] ?? character)
}

function printable(text: string): string {
  return text.replace(UNPRINTABLE, '\u{FFFD}')
}

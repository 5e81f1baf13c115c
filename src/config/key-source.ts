import { formatFieldPath, parseFieldPath } from './field-path.ts'
import type { KeySource } from './snapshot.ts'

/** A header or cookie name: the token characters of RFC 9110. */
export const TOKEN_PATTERN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/

/** `request`, `address`, `header:NAME`, `cookie:NAME`, `query:NAME` or `json:PATH`; null when the text is none of these. */
export function parseKeySource(text: string): KeySource | null {
  if (text === 'request' || text === 'address') return { kind: text }
  const colon = text.indexOf(':')
  const kind = text.slice(0, colon)
  const name = text.slice(colon + 1)
  switch (kind) {
    case 'header':
      return TOKEN_PATTERN.test(name) ? { kind, name: name.toLowerCase() } : null
    case 'cookie':
      return TOKEN_PATTERN.test(name) ? { kind, name } : null
    case 'query':
      return name === '' ? null : { kind, name }
    case 'json': {
      const path = parseFieldPath(name)
      return path === null || path.some(step => typeof step === 'object') ? null : { kind, path }
    }
    default:
      return null
  }
}

/** The text that `parseKeySource` reads back to the same source. */
export function formatKeySource(source: KeySource): string {
  if (source.kind === 'json') return `json:${formatFieldPath(source.path)}`
  return 'name' in source ? `${source.kind}:${source.name}` : source.kind
}

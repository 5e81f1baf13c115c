import { ProxyError } from '../../errors.ts'

/** A request target in origin form, and the authority it is for. */
export interface Target {
  /** Path and query as they are forwarded, byte for byte: a `?` with nothing behind it stays. */
  readonly originForm: string
  readonly path: string
  readonly query: string
  /** Lower case; what absolute form names, else the Host header. */
  readonly host: string
}

/** Visible ASCII without `#`: the characters every upstream reads the same way. */
const ORIGIN_FORM = /^\/[\x21\x22\x24-\x7e]*$/
/** Backslashes and encoded slashes count as slashes: some servers read them so (nginx decodes, then resolves). */
const DOT_SEGMENT = /(?:[/\\]|%2f|%5c)(?:\.|%2e){1,2}(?:[/\\;]|%2f|%5c|$)/i
const AUTHORITY = /^(?:\[[0-9a-f:.]+\]|[a-z0-9._~-]+)(?::\d{1,5})?$/i

/**
 * Reads a target by one rule for routing and forwarding. Absolute form wins over Host (RFC 9112 §3.2.2). Dot segments are
 * refused rather than resolved: the model server might resolve them differently and leave the route's path.
 */
export function readTarget(target: string, hostHeader: string | undefined): Target | ProxyError {
  if (target === last.target && hostHeader === last.hostHeader) return last.read
  const read = parseTarget(target, hostHeader)
  last = { target, hostHeader, read }
  return read
}

/** Clients of a model ask for the same path again and again: it is looked at once. */
let last: { target: string; hostHeader: string | undefined; read: Target | ProxyError } = {
  target: '',
  hostHeader: undefined,
  read: parseTarget('', undefined),
}

function parseTarget(target: string, hostHeader: string | undefined): Target | ProxyError {
  let host = hostHeader ?? ''
  let origin = target
  if (!target.startsWith('/')) {
    const absolute = /^https?:\/\/([^/?#]*)(.*)$/i.exec(target)
    if (absolute === null) return new ProxyError('NOT_IMPLEMENTED', `request target "${clip(target)}" is not a path`)
    host = absolute[1] as string
    if (host === '') return new ProxyError('BAD_REQUEST', 'the request target names no host')
    const rest = absolute[2] as string
    origin = rest.startsWith('/') ? rest : `/${rest}`
  }
  if (!ORIGIN_FORM.test(origin))
    return new ProxyError('BAD_REQUEST', 'the request target has characters that are not allowed')
  if (host !== '' && !AUTHORITY.test(host))
    return new ProxyError('BAD_REQUEST', 'the Host is not a host name or address')
  const question = origin.indexOf('?')
  const path = question === -1 ? origin : origin.slice(0, question)
  if (DOT_SEGMENT.test(path)) return new ProxyError('BAD_REQUEST', 'the path has "." or ".." segments')
  const query = question === -1 ? '' : origin.slice(question + 1)
  return { originForm: origin, path, query, host: host.toLowerCase() }
}

function clip(text: string): string {
  return text.length > 100 ? `${text.slice(0, 100)}...` : text
}

import { z } from 'zod'
import { block, expected, headerName, headerValue, list, message } from './scalars.ts'

/** Headers the proxy writes itself; a rule that touches them would break the framing or the marks of a copy. */
const OWN_HEADERS = new Set([
  'connection',
  'content-length',
  'expect',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

function ruledHeaderName() {
  return headerName().refine(name => hintForOwn(name) === null, {
    error: ({ input }) => message('is a header that Understudy writes itself', hintForOwn(String(input)) ?? ''),
  })
}

/** What to do instead; null: the header is not ours. */
function hintForOwn(name: string): string | null {
  if (name === 'host') return 'for the Host header use the `host` key of the upstream'
  if (name.startsWith('x-understudy-')) return "leave it out: it marks copies and answers, and is never the client's"
  return OWN_HEADERS.has(name) ? 'leave it out: it belongs to one connection, and the proxy has its own' : null
}

/** `removed`: the names removed when the block does not say. */
export function headerRules(removed: readonly string[]) {
  return block({
    set: z
      .record(ruledHeaderName(), headerValue(), { error: expected('a block of header names and values') })
      .prefault({})
      .describe('Headers to set, replacing what the client sent.'),
    remove: list(ruledHeaderName(), 'for example [authorization, cookie]')
      .prefault([...removed])
      .describe('Headers to remove.'),
  })
    .prefault({})
    .describe('Header rules, applied to every request to this upstream.')
}

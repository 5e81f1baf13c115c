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
  return headerName().refine(name => !OWN_HEADERS.has(name) && name !== 'host' && !name.startsWith('x-understudy-'), {
    error: message(
      'is a header that Understudy writes itself',
      'for the Host header use the `host` key of the upstream',
    ),
  })
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

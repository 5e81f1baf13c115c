import * as fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ProxyError } from '../../src/errors.ts'
import { readTarget } from '../../src/dataplane/http/target.ts'
import type { Header } from '../support/http1-message.ts'
import { connectRaw, type RawClient } from '../support/raw-client.ts'
import { startUnderstudy, type RunningUnderstudy } from '../support/run-understudy.ts'
import { startUpstream, type UpstreamServer } from '../support/upstream-server.ts'

/**
 * Whatever a client sends, what arrives upstream is the documented function of it. The function is written down here a
 * second time, plainly, and asked over a real connection to the real process.
 */
let primary: UpstreamServer
let proxy: RunningUnderstudy
let client: RawClient

beforeAll(async () => {
  primary = await startUpstream((_request, respond) => respond.reply(200))
  proxy = await startUnderstudy({
    limits: { headers: '64KiB' },
    upstreams: { live: primary.url },
    routes: [{ name: 'r', match: {}, primary: 'live' }],
  })
  client = await connectRaw(proxy.port)
})

afterAll(async () => {
  client.destroy()
  await proxy.stop()
  await primary.stop()
})

const HOP_BY_HOP = [
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'proxy-authorization',
  'trailer',
  'http2-settings',
]
/** `Connection` may not take these away. */
const PROTECTED = ['content-type', 'content-encoding', 'authorization', 'cookie', 'host', 'x-request-id', 'early-data']
const REPLACED = ['x-forwarded-for', 'x-forwarded-proto', 'x-forwarded-host', 'forwarded', 'host']

const ORDINARY = ['accept', 'x-a', 'x-b', 'x-c', 'x-d', 'baggage', 'cache-control', 'te']

function anyCase(word: string): fc.Arbitrary<string> {
  return fc.array(fc.boolean(), { minLength: word.length, maxLength: word.length }).map(upper =>
    word
      .split('')
      .map((letter, i) => (upper[i] ? letter.toUpperCase() : letter))
      .join(''),
  )
}

const token = fc.string({
  unit: fc.constantFrom(..."abcxyzABC019!#$%&'*+-.^_`|~".split('')),
  minLength: 1,
  maxLength: 12,
})
const name = fc
  .oneof(
    fc.constantFrom(...HOP_BY_HOP, ...PROTECTED.filter(each => each !== 'host'), ...ORDINARY, 'x-understudy-role'),
    fc.constantFrom(...REPLACED.filter(each => each !== 'host')),
    token.filter(each => !/^(?:host|content-length|transfer-encoding|upgrade|expect)$/i.test(each)),
  )
  .chain(anyCase)
/** Every octet a value may have (RFC 9110 §5.5), without the white space around it, which is not part of it. */
const value = fc
  .string({
    unit: fc
      .oneof(
        { weight: 6, arbitrary: fc.integer({ min: 0x20, max: 0x7e }) },
        { weight: 1, arbitrary: fc.constantFrom(0x09, 0x80, 0xa0, 0xe9, 0xff) },
      )
      .map(code => String.fromCharCode(code)),
    maxLength: 40,
  })
  .map(text => text.replace(/^[ \t]+|[ \t]+$/g, ''))
const connectionOption = fc
  .constantFrom('keep-alive', ...PROTECTED, ...ORDINARY, 'x-forwarded-for', 'te', '')
  .chain(anyCase)
const connectionValue = fc.array(connectionOption, { maxLength: 4 }).map(options => options.join(' , '))
const teValue = fc.constantFrom('trailers', 'gzip', 'gzip, trailers', 'Trailers', 'x-trailers', 'trailers;q=0.5')
const header: fc.Arbitrary<Header> = name.chain(each => {
  const lower = each.toLowerCase()
  if (lower === 'connection') return connectionValue.map(options => [each, options] as const)
  if (lower === 'te') return teValue.map(te => [each, te] as const)
  return value.map(text => [each, text] as const)
})

/** What the documents say arrives of these headers, in order, before the proxy's own. */
function forwarded(headers: readonly Header[]): Header[] {
  const listed = headers
    .filter(([each]) => each.toLowerCase() === 'connection')
    .flatMap(([, options]) => options.split(',').map(option => option.trim().toLowerCase()))
    .filter(option => !PROTECTED.includes(option))
  const out: Header[] = []
  for (const [each, text] of headers) {
    const lower = each.toLowerCase()
    if (lower === 'te') {
      if (text.split(',').some(member => member.trim().toLowerCase() === 'trailers')) out.push([each, 'trailers'])
    } else if (
      !HOP_BY_HOP.includes(lower) &&
      !REPLACED.includes(lower) &&
      !listed.includes(lower) &&
      lower !== 'x-request-id' &&
      !lower.startsWith('x-understudy-')
    ) {
      out.push([each, text])
    }
  }
  return out
}

test('headers: end-to-end ones arrive in order, case and number, the proxy adds its own, and nothing else', async () => {
  const property = fc.asyncProperty(fc.array(header, { maxLength: 15 }), async headers => {
    const before = primary.requests.length
    client.send(
      `GET /x HTTP/1.1\r\nHost: h.example\r\n${headers.map(([each, text]) => `${each}: ${text}\r\n`).join('')}\r\n`,
    )
    const answer = await client.readResponse()
    expect(answer.status).toBe(200)
    const id = answer.header('x-request-id') as string
    const given = headers.filter(([each]) => each.toLowerCase() === 'x-request-id').map(([, text]) => text)
    if (given.length === 1 && given[0] !== '') expect(id).toBe(given[0])
    const request = primary.requests[before]
    expect([request?.method, request?.target]).toEqual(['GET', '/x'])
    expect(request?.headers).toEqual([
      ['host', 'h.example'],
      ...forwarded(headers),
      ['x-request-id', id],
      ['x-forwarded-for', '127.0.0.1'],
      ['x-forwarded-proto', 'http'],
      ['x-forwarded-host', 'h.example'],
    ])
  })
  await fc.assert(property, { numRuns: 400 })
})

const segment = fc.string({
  unit: fc.oneof(
    fc.integer({ min: 0x21, max: 0x7e }).map(code => String.fromCharCode(code)),
    fc.constantFrom('/', '.', '..', '%2e', '%2F', '%5c', '\\', ';', '?', '#', '//', '%00', '%zz'),
  ),
  maxLength: 12,
})
const target = fc.oneof(
  segment.map(text => `/${text}`),
  fc
    .tuple(fc.constantFrom('http://', 'HTTP://', 'https://', 'ftp://', ''), token, segment)
    .map(parts => parts.join('')),
)

test('targets: what arrives is what was sent, without the authority, and never resolves to another path', async () => {
  let served = 0
  const property = fc.asyncProperty(target, async text => {
    const before = primary.requests.length
    const asked = await connectRaw(proxy.port) // some targets end the connection
    asked.send(`GET ${text} HTTP/1.1\r\nHost: h.example\r\n\r\n`)
    const answer = await asked.readResponse()
    asked.destroy()
    const arrived = primary.requests.slice(before)
    const read = readTarget(text, 'h.example')
    if (read instanceof ProxyError) {
      expect([400, 501]).toContain(answer.status)
      expect(arrived).toEqual([])
      return
    }
    // node:http refuses a few more characters than the rule does.
    if (answer.status === 400) {
      expect(arrived).toEqual([])
      return
    }
    expect(answer.status).toBe(200)
    served++
    const [request] = arrived
    expect(request?.target).toBe(text.startsWith('/') ? text : text.replace(/^https?:\/\/[^/?]*\/?/i, '/'))
    expect(request?.header('host')).toBe(read.host)
    const path = (request?.target ?? '').replace(/\?.*$/s, '')
    for (const view of [path, decodeOnce(path)]) {
      expect(view.split(/[/\\]/).map(part => part.replace(/;.*$/s, ''))).not.toContain('..')
    }
  })
  await fc.assert(property, { numRuns: 400 })
  expect(served).toBeGreaterThan(100)
})

/** As a server that decodes before it resolves would see the path. */
function decodeOnce(path: string): string {
  return path.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
}

test('nothing that arrived was anything a strict reader would refuse', () => {
  expect(primary.requestCount).toBeGreaterThan(300)
  expect(primary.violations).toEqual([])
})

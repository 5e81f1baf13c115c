import * as fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { headersByName } from '../../src/dataplane/http/h1/received-head.ts'
import { fieldList, fieldText, flatFields } from '../support/message-arbitrary.ts'
import { NodeRequests, type NodeReading } from '../support/node-requests.ts'
import { brokenRequests, bytesOf, madeRequests } from '../support/request-arbitrary.ts'
import { readRequests, type LoggedRequest, type RequestLog } from '../support/request-log.ts'

let node: NodeRequests

beforeAll(async () => {
  node = await NodeRequests.start()
})
afterAll(async () => await node.stop())

const TOKEN = "[!#$%&'*+\\-.^_`|~0-9A-Za-z]+"
const EXTENSION = `;${TOKEN}(?:=(?:${TOKEN}|"[^"\\\\\\r\\n]*"))?`
const ONE = 'GET / HTTP/1.1\r\nHost: h\r\n\r\n'
const CHUNKED = 'POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n'

/** What we take and node:http refuses. Each reads the same way everywhere, and neither is forwarded as it came. */
const LENIENT: readonly (readonly [name: string, found: RegExp, example: string])[] = [
  [
    'extensions that are none: they are dropped, whatever they are',
    new RegExp(`^[0-9a-f]{1,13};(?<!^[0-9a-f]+(?=(?:${EXTENSION})+\\r\\n);)`, 'im'),
    `${CHUNKED}1;;"\r\na\r\n0\r\n\r\n`,
  ],
  [
    'a tab behind the coding: it is trimmed, as RFC 9112 §5 has it',
    /\r\ntransfer-encoding:[ \t]*chunked *\t/i,
    `${CHUNKED.replace('chunked', 'chunked\t')}1\r\na\r\n0\r\n\r\n`,
  ],
  [
    'close in trailers: such fields mean nothing there (RFC 9110 §6.5.1), and are dropped',
    /^0+(?:;[^\r\n]*)?\r\n(?:[^\r\n]+\r\n)*connection:[^\r\n]*close/im,
    `${CHUNKED}1\r\na\r\n0\r\nConnection: close\r\n\r\n${ONE}`,
  ],
]

/** What we refuse and node:http takes, by our reason. */
const STRICTER: readonly (readonly [reason: RegExp, example: string])[] = [
  [/^it does not begin with a request line of HTTP\/1\.1$/, 'GET /\r\nHost: h\r\n\r\n'],
  [/^it does not begin with a request line of HTTP\/1\.1$/, 'GET  / HTTP/1.1\r\nHost: h\r\n\r\n'],
  [/^it does not begin with a request line of HTTP\/1\.1$/, `\n${ONE}`],
  [/^it does not begin with a method$/, `\r${ONE}`],
  [
    /^its Transfer-Encoding names "chunked" before the end, or nothing$/,
    `${CHUNKED.replace('chunked', ', chunked')}0\r\n\r\n`,
  ],
  [/^the size of a chunk is not a hexadecimal number$/, `${CHUNKED}${'0'.repeat(14)}\r\n\r\n`],
  [/^HTTP\/(?:0\.9|2\.0) is not spoken here/, 'GET / HTTP/0.9\r\nHost: h\r\n\r\n'],
  [/^HTTP\/(?:0\.9|2\.0) is not spoken here/, 'GET / HTTP/2.0\r\nHost: h\r\n\r\n'],
  [/^Transfer-Encoding is not allowed before HTTP\/1\.1$/, `${CHUNKED.replace('1.1', '1.0')}0\r\n\r\n`],
  [/^Transfer-Encoding .* is not supported/, `${CHUNKED.replace('chunked', 'gzip, chunked')}0\r\n\r\n`],
  [/^the request has more than one Host header$/, 'GET / HTTP/1.1\r\nHost: h\r\nHost: h\r\n\r\n'],
  [/^the request has no Host header$/, 'GET / HTTP/1.1\r\n\r\n'],
  [/^the only expectation that can be met/, 'GET / HTTP/1.1\r\nHost: h\r\nExpect: a-miracle\r\n\r\n'],
]

/** Behind a request of HTTP/1.0 that says keep-alive node:http takes another one; we close. */
const isLastOfHttp10 = ({ requests, isOver }: RequestLog): boolean =>
  isOver && requests.at(-1)?.head.httpVersion === '1.0'

/** Behind a request that offers an upgrade which is not taken, node:http loses what came with it; we read on. */
const offersUpgrade = ({ head: { headers } }: LoggedRequest): boolean =>
  headers.upgrade !== undefined && /upgrade/i.test(headers.connection ?? '')

const isLenient = (bytes: string): boolean => LENIENT.some(([, found]) => found.test(bytes))
const isStricter = (reason: string): boolean => STRICTER.some(([found]) => found.test(reason))

const whole = ({ requests }: RequestLog): LoggedRequest[] =>
  requests.filter(each => each.whole || each.head.method === 'CONNECT')
const content = ({ head, body }: LoggedRequest): object => {
  const { method, target, httpVersion, rawHeaders, headers } = head
  return { method, target, httpVersion, rawHeaders, headers, body }
}

/** How far both agree; throws where they read the same bytes differently. */
function compare(bytes: string, ours: RequestLog, theirs: NodeReading): number {
  const taken = whole(ours)
  const both = Math.min(taken.length, theirs.requests.length)
  expect(taken.slice(0, both).map(content)).toEqual(theirs.requests.slice(0, both))
  const next = taken[both]
  // The connection goes on behind a target that we refuse; node:http may close it there.
  if (next !== undefined && !taken.slice(0, both).some(offersUpgrade))
    expect(next.targetRefused || isLenient(bytes)).toBe(true)
  if (theirs.requests.length > both && !isLastOfHttp10(ours)) {
    expect(ours.refused).not.toBeNull()
    expect(ours.refused).toSatisfy(isStricter)
  }
  return both
}

describe('what we take of a connection, node:http reads the same way', () => {
  test('where it is valid', async () => {
    let agreed = 0
    const property = fc.asyncProperty(madeRequests, async requests => {
      const bytes = bytesOf(requests)
      const ours = readRequests([bytes])
      expect([ours.refused, whole(ours).length]).toEqual([null, ours.requests.length])
      const both = compare(bytes, ours, await node.read(bytes))
      if (!isLenient(bytes)) expect(both).toBe(ours.requests.length)
      agreed += both
    })
    await fc.assert(property, { numRuns: 600 })
    expect(agreed).toBeGreaterThan(500)
  })

  test('where it is broken, and what it refuses we refuse, but where we are known to be lenient', async () => {
    let agreed = 0
    let refused = 0
    const property = fc.asyncProperty(brokenRequests, async bytes => {
      const ours = readRequests([bytes])
      agreed += compare(bytes, ours, await node.read(bytes))
      if (ours.refused !== null) refused++
    })
    await fc.assert(property, { numRuns: 2_000 })
    // The mistakes are neither all fatal nor all harmless.
    expect(Math.min(agreed, refused)).toBeGreaterThan(500)
  })
})

describe('the exceptions', () => {
  test.each(LENIENT)('we take: %s', async (_, found, example) => {
    expect(example).toMatch(found)
    const ours = readRequests([example])
    expect([ours.refused, ours.requests.every(each => each.whole), ours.requests[0]?.body]).toEqual([null, true, 'a'])
    const theirs = await node.read(example)
    const expected = [ours.requests.length - 1, expect.stringMatching(/^HPE_/)]
    expect([theirs.requests.length, theirs.refused]).toEqual(expected)
  })

  test.each(STRICTER)('we refuse, because %s, and node:http takes: %j', async (reason, example) => {
    const ours = readRequests([example])
    expect([whole(ours), ours.refused]).toEqual([[], expect.stringMatching(reason)])
    expect((await node.read(example)).requests).toHaveLength(1)
  })

  test('HTTP/1.0 is not kept alive', async () => {
    const kept = ONE.replace('1.1', '1.0').replace('\r\n\r\n', '\r\nConnection: keep-alive\r\n\r\n')
    const ours = readRequests([kept + kept])
    expect([ours.requests.length, isLastOfHttp10(ours)]).toEqual([1, true])
    expect((await node.read(kept + kept)).requests).toHaveLength(2)
  })

  test('what comes behind an upgrade that is offered is read', async () => {
    const offer = ONE.replace('\r\n\r\n', '\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n')
    expect(readRequests([offer + ONE])).toMatchObject({ refused: null, requests: [{ whole: true }, { whole: true }] })
    expect(await node.read(offer + ONE)).toMatchObject({ refused: null, requests: [{ headers: { upgrade: 'h2c' } }] })
  })
})

/** Those that node:http treats in a way of their own, one that is joined, and names that objects have anyway. */
const NAMES = [
  ['age', 'authorization', 'content-type', 'etag', 'expires', 'from', 'host', 'if-modified-since', 'max-forwards'],
  ['if-unmodified-since', 'last-modified', 'location', 'proxy-authorization', 'referer', 'retry-after', 'server'],
  ['user-agent', 'set-cookie', 'cookie', 'vary', 'x-a', 'origin', 'date', 'via', 'accept', 'x-forwarded-for', 'dnt'],
  ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'valueOf', 'access-control-allow-origin'],
].flat()
/** Few names for each list, so that they repeat. */
const repeatingFields = fc
  .subarray(NAMES, { minLength: 1, maxLength: 4 })
  .chain(some => fieldList(10, fc.constantFrom(...some, ...some.map(each => each.toUpperCase()))))

test('headers by name are those of node:http, for all lists of fields', async () => {
  let repeated = 0
  const property = fc.asyncProperty(repeatingFields, async fields => {
    const raw = flatFields(fields)
    const { requests } = await node.read(`GET / HTTP/1.1\r\n${fieldText(fields)}\r\n`)
    expect(requests).toHaveLength(1)
    expect(requests[0]?.rawHeaders).toEqual(raw)
    const ours = headersByName(raw)
    expect(ours).toEqual(requests[0]?.headers)
    expect(Object.keys(ours)).toEqual(Object.keys(requests[0]?.headers ?? {}))
    if (Object.keys(ours).length < fields.length) repeated++
  })
  await fc.assert(property, { numRuns: 600 })
  expect(repeated).toBeGreaterThan(200)
})

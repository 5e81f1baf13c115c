import { readFile } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { ANY_CHILD, type RecordPlan, type Snapshot } from '../../../src/config/snapshot.ts'
import type { Comparison, StreamTiming } from '../../../src/sinks/findings.ts'
import { pairRecord, windowRecord, type PairRecordInput } from '../../../src/sinks/record.ts'
import { bump, emptyCounts, type SealedWindow } from '../../../src/wire/window.ts'
import { experimentPlan, leg, pairFrame, snapshotOf } from '../../support/pairs.ts'

const AGREE: Comparison = { result: 'agree', task: 'structure', metrics: {}, differences: [], truncated: false }
const DISAGREE: Comparison = {
  result: 'disagree',
  task: 'classification',
  metrics: { flips: 1, mean_error: 0.25 },
  differences: [{ path: '$.user.email', kind: 'value', primary: 'a@b.c', shadow: 'x@y.z' }],
  truncated: false,
}
const STREAM: StreamTiming = {
  firstByteUs: 900,
  firstTokenUs: 1_000,
  tokens: 3,
  interTokenUs: { p50: 10, p99: 12 },
  tokensPerSecond: 90.5,
  cut: null,
  missedPieces: 0,
  heldUs: 0,
}
const CUT_STREAM: StreamTiming = {
  ...STREAM,
  firstByteUs: null,
  firstTokenUs: null,
  tokens: null,
  interTokenUs: null,
  tokensPerSecond: null,
  cut: { atByte: 0, inEvent: null },
}
const NO_BODIES = { request: null, primary: null, shadow: null }

function recordPlan(changes: Partial<RecordPlan> = {}): RecordPlan {
  return { bodies: 'on-disagreement', maxBodyBytes: 1_000, redactPaths: [], redactHeaders: [], ...changes }
}

/** As much of an upstream as a record shows. */
function upstream(name: string, authority: string): Snapshot['upstreams'][number] {
  return { name, endpoints: [{ origin: `http://${authority}`, authority }] } as unknown as Snapshot['upstreams'][number]
}

function snapshot(record: RecordPlan | null): Snapshot {
  const upstreams = [upstream('v1', '10.0.0.4:9001'), upstream('v2', '10.0.0.5:9002')]
  return snapshotOf([experimentPlan()], { upstreams, record })
}

function input(changes: Partial<PairRecordInput> = {}): PairRecordInput {
  return {
    isRepeat: false,
    isStochastic: false,
    frame: pairFrame(leg('{"a":1}'), leg('{"a":2}')),
    snapshot: snapshot(recordPlan()),
    experiment: experimentPlan(),
    comparison: AGREE,
    decoded: NO_BODIES,
    streams: { primary: null, shadow: null },
    ...changes,
  }
}

const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value))
const parsed = (value: { value: string }): Record<string, unknown> => JSON.parse(value.value) as Record<string, unknown>

const withBody = (body: unknown) => ({ ...parsed(pairRecord(input())), bodies: { request: body } })

async function schemaOf(name: string): Promise<z.ZodType> {
  const schema = JSON.parse(await readFile(`config/${name}.schema.json`, 'utf8')) as Parameters<
    typeof z.fromJSONSchema
  >[0]
  return z.fromJSONSchema(schema)
}

const comparisonOf = (comparison: Comparison): unknown => parsed(pairRecord(input({ comparison })))['comparison']

describe('a pair record', () => {
  test('carries the pair, both legs and the comparison', () => {
    const record = pairRecord(
      input({ frame: pairFrame(leg('{"a":1}'), leg('{"a":2}'), { arrivedAtUs: 1_700_000_000_123_456 }) }),
    )
    expect(parsed(record)).toEqual({
      schema: 'understudy.pair/1',
      id: 'exchange-1',
      requestId: 'request-1',
      route: 'digits',
      experiment: 'digits.v2.00000000',
      arrivedAt: '2023-11-14T22:13:20.123456Z',
      revision: 1,
      unit: null,
      arm: 'primary',
      method: 'POST',
      path: '/v2/models/digits/infer',
      primary: {
        upstream: 'v1',
        version: '1',
        endpoint: '10.0.0.4:9001',
        status: 200,
        latencyUs: 2_000,
        ttfbUs: 1_000,
        bytes: 7,
        contentType: 'application/json',
      },
      shadow: {
        role: 'shadow',
        upstream: 'v2',
        version: '2',
        endpoint: '10.0.0.5:9002',
        status: 200,
        latencyUs: 2_000,
        ttfbUs: 1_000,
        bytes: 7,
        contentType: 'application/json',
      },
      sentFirst: 'primary',
      comparison: AGREE,
      inclusion: 1,
    })
    expect(record).toMatchObject({
      stream: 'pairs',
      key: 'exchange-1',
      event: {
        id: 'exchange-1',
        type: 'understudy.pair/1',
        source: '/experiments/digits.v2.00000000',
        time: '2023-11-14T22:13:20.123Z',
      },
    })
  })

  test('a shadow that failed has its error', () => {
    const shadow = leg('', { status: 0, error: 'UPSTREAM_TIMEOUT', contentType: '' })
    const record = parsed(pairRecord(input({ frame: pairFrame(leg('{}'), shadow) })))
    expect(record['shadow']).toMatchObject({ status: 0, error: 'UPSTREAM_TIMEOUT' })
    expect(record['primary']).not.toHaveProperty('error')
  })

  test('has no line break and no query, whatever the client sent', () => {
    const frame = pairFrame(leg('{}'), leg('{}'), { path: '/infer?api_key=secret', requestId: 'a\nb' })
    const { value } = pairRecord(input({ frame }))
    expect(value).not.toContain('\n')
    expect(value).not.toContain('secret')
    expect((JSON.parse(value) as { path: string }).path).toBe('/infer')
  })

  test('says as what the answers were read, where they were', () => {
    expect(comparisonOf({ ...AGREE, payload: 'openai' })).toMatchObject({ payload: 'openai' })
    expect(comparisonOf(AGREE)).not.toHaveProperty('payload')
  })

  test('writes what JSON cannot, and cuts long values', () => {
    const deep = JSON.parse(`${'['.repeat(50_000)}${']'.repeat(50_000)}`) as unknown
    const comparison: Comparison = {
      ...DISAGREE,
      metrics: { drift: Number.NaN },
      differences: [
        { path: '$.a', kind: 'value', primary: 12345678901234567890n, shadow: undefined },
        { path: '$.b', kind: 'value', primary: 'x'.repeat(10_000), shadow: deep },
      ],
    }
    const { value } = pairRecord(input({ comparison }))
    expect(value.length).toBeLessThan(2_000)
    expect((JSON.parse(value) as { comparison: unknown }).comparison).toMatchObject({
      metrics: { drift: null },
      differences: [{ primary: '12345678901234567890', shadow: null }, {}],
    })
  })
})

describe('the bodies of a pair record', () => {
  const decoded = { request: json({ q: 1 }), primary: json({ a: 1 }), shadow: json({ a: 2 }) }
  const bodiesOf = (
    plan: RecordPlan | null,
    comparison: Comparison,
    bodies: PairRecordInput['decoded'] = decoded,
  ): unknown => parsed(pairRecord(input({ snapshot: snapshot(plan), comparison, decoded: bodies })))['bodies']
  const kept = (body: Buffer, changes: Partial<RecordPlan> = {}): unknown =>
    (
      bodiesOf(recordPlan({ bodies: 'always', ...changes }), AGREE, { ...NO_BODIES, primary: body }) as {
        primary: unknown
      }
    ).primary

  test('are there as the plan says', () => {
    const all = { request: { q: 1 }, primary: { a: 1 }, shadow: { a: 2 } }
    expect(bodiesOf(recordPlan({ bodies: 'always' }), AGREE)).toEqual(all)
    expect(bodiesOf(recordPlan({ bodies: 'on-disagreement' }), DISAGREE)).toEqual(all)
    expect(bodiesOf(recordPlan({ bodies: 'on-disagreement' }), { ...AGREE, result: 'shadow_error' })).toEqual(all)
    expect(bodiesOf(recordPlan({ bodies: 'on-disagreement' }), AGREE)).toBeUndefined()
    expect(bodiesOf(recordPlan({ bodies: 'never' }), DISAGREE)).toBeUndefined()
    expect(bodiesOf(null, DISAGREE)).toBeUndefined()
  })

  test('that were not captured are absent', () => {
    expect(bodiesOf(recordPlan(), DISAGREE, { ...decoded, shadow: null })).toEqual({
      request: { q: 1 },
      primary: { a: 1 },
    })
  })

  test.each<[string, Buffer, unknown]>([
    ['JSON is itself', json({ a: [1, null] }), { a: [1, null] }],
    ['JSON null is null', Buffer.from(' null\n'), null],
    [
      'text is text',
      Buffer.from('data: {"a":1}\n\n'),
      { encoding: 'utf8', data: 'data: {"a":1}\n\n', truncated: false, bytes: 15 },
    ],
    ['bytes are base64', Buffer.from([0xff, 0x00]), { encoding: 'base64', data: '/wA=', truncated: false, bytes: 2 }],
    ['nothing is empty text', Buffer.alloc(0), { encoding: 'utf8', data: '', truncated: false, bytes: 0 }],
    [
      'JSON that looks like a wrapped body is wrapped',
      json({ encoding: 'utf8', data: 'x' }),
      { encoding: 'json', data: { encoding: 'utf8', data: 'x' }, truncated: false, bytes: 30 },
    ],
  ])('%s', (_name, body, expected) => {
    expect(kept(body)).toEqual(expected)
  })

  describe('of a WebSocket session, a list of messages', () => {
    const session = { primary: 'cut', shadow: 'cut' } as const
    const said = (messages: unknown, redactPaths: RecordPlan['redactPaths']): unknown => {
      const plan = recordPlan({ bodies: 'always', redactPaths })
      const given = input({ snapshot: snapshot(plan), decoded: { ...NO_BODIES, primary: json(messages) } })
      const record = parsed(pairRecord({ ...given, frame: { ...given.frame, session } }))
      return (record['bodies'] as { primary: unknown }).primary
    }

    test('have the fields redacted in each message, and all that cannot be looked into', () => {
      const messages = [{ email: 'a@b.c', n: 1 }, '{"email":"a@b.c","n":1,"n":2}', { base64: 'YUBiLmM=' }, 5]
      const redacted = [{ email: '[redacted]', n: 1 }, '[redacted]', { base64: '[redacted]' }, 5]
      expect(said(messages, [['email']])).toEqual(redacted)
      expect(said(messages, [[ANY_CHILD, 'email']])).toEqual(redacted)
      expect(said(messages, [])).toEqual(messages)
    })

    test('nested beyond reason are withheld', () => {
      const deep = Buffer.from(`[${'['.repeat(50_000)}${']'.repeat(50_000)}]`)
      const plan = recordPlan({ bodies: 'always', redactPaths: [['email']], maxBodyBytes: 200_000 })
      const given = input({ snapshot: snapshot(plan), decoded: { ...NO_BODIES, primary: deep } })
      const record = parsed(pairRecord({ ...given, frame: { ...given.frame, session } }))
      expect(record['bodies']).toEqual({ primary: { withheld: 'not redactable', bytes: 100_002 } })
    })

    test('are redacted in differences as well', () => {
      const differences = [
        { path: '$[0].email', kind: 'value', primary: 'a@b.c', shadow: 'x@y.z' },
        { path: '$[1]', kind: 'extra', primary: undefined, shadow: { email: 'x@y.z', n: 1 } },
        { path: '$[2]', kind: 'value', primary: 'mail a@b.c', shadow: 'mail x@y.z' },
        { path: '$[3].base64', kind: 'value', primary: 'YUBiLmM=', shadow: 'eEB5Lno=' },
        { path: '$[4].n', kind: 'value', primary: 1, shadow: 2 },
      ] as const
      const given = input({ snapshot: snapshot(recordPlan({ redactPaths: [['email']] })) })
      const comparison = { ...DISAGREE, differences }
      const text = JSON.stringify(parsed(pairRecord({ ...given, comparison, frame: { ...given.frame, session } })))
      for (const secret of ['a@b.c', 'x@y.z', 'YUBiLmM=', 'eEB5Lno=']) expect(text).not.toContain(secret)
      expect(text).toContain('"path":"$[4].n","kind":"value","primary":1,"shadow":2')
    })
  })

  test('over the limit are cut, text between characters', () => {
    expect(kept(Buffer.from('"äöü"'), { maxBodyBytes: 4 })).toEqual({
      encoding: 'utf8',
      data: '"ä',
      truncated: true,
      bytes: 8,
    })
    expect(kept(Buffer.from([1, 0xff, 3]), { maxBodyBytes: 2 })).toEqual({
      encoding: 'base64',
      data: 'Af8=',
      truncated: true,
      bytes: 3,
    })
  })

  test('nested beyond reason do no harm', () => {
    const body = Buffer.from(`${'['.repeat(50_000)}${']'.repeat(50_000)}`)
    expect(kept(body, { maxBodyBytes: 200_000 })).toMatchObject({ bytes: 100_000 })
  })

  test.each<[string, Buffer, number]>([
    ['text', Buffer.from('mail a@b.c'), 1_000],
    ['binary', Buffer.from([0xff, ...Buffer.from('a@b.c')]), 1_000],
    ['JSON over the limit', json({ user: { email: 'a@b.c' }, filler: 'x'.repeat(100) }), 50],
    ['JSON lines', Buffer.from('{"user":{"email":"a@b.c"}}\n{}'), 1_000],
  ])('cannot be redacted and are withheld: %s', (_name, body, maxBodyBytes) => {
    const redactPaths = [['user', 'email']]
    expect(kept(body, { maxBodyBytes, redactPaths })).toEqual({ withheld: 'not redactable', bytes: body.length })
  })

  test('no redacted value leaves, neither in bodies nor in differences', () => {
    const body = json({ user: { email: 'a@b.c', age: 5 } })
    const plan = recordPlan({ bodies: 'always', redactPaths: [['user', 'email']] })
    const bodies = { request: body, primary: body, shadow: body }
    const { value } = pairRecord(input({ snapshot: snapshot(plan), comparison: DISAGREE, decoded: bodies }))
    expect(value).not.toMatch(/a@b\.c|x@y\.z/)
    const { comparison, bodies: written } = JSON.parse(value) as {
      comparison: Comparison
      bodies: { request: unknown }
    }
    expect(comparison.differences).toEqual([
      { path: '$.user.email', kind: 'value', primary: '[redacted]', shadow: '[redacted]' },
    ])
    expect(written.request).toEqual({ user: { email: '[redacted]', age: 5 } })
  })
})

describe('a window record', () => {
  test('is the window, keyed by its experiment', () => {
    const record = windowRecord(sealedWindow())
    expect(parsed(record)).toEqual(JSON.parse(JSON.stringify(sealedWindow())))
    expect(record).toMatchObject({
      stream: 'windows',
      key: 'digits.v2.00000000',
      event: {
        id: 'replica/boot/0/1700000000',
        type: 'understudy.window/1',
        source: '/experiments/digits.v2.00000000',
        time: '2023-11-14T22:13:20.000Z',
      },
    })
  })
})

describe('the published JSON Schemas', () => {
  test('tell a wrapped body from a body with fields of these names', async () => {
    const pair = await schemaOf('pair-record')
    const wrapped = { encoding: 'utf8', data: '', truncated: false, bytes: 0 }
    for (const body of [{ a: 1 }, [1], null, 'x', wrapped]) expect(pair.safeParse(withBody(body)).error).toBeUndefined()
    for (const body of [{ encoding: 'utf8' }, { ...wrapped, encoding: 'rot13' }, { withheld: 'no' }]) {
      expect(pair.safeParse(withBody(body)).success).toBe(false)
    }
  })

  test('accept what is written', async () => {
    const pair = await schemaOf('pair-record')
    const always = snapshot(recordPlan({ bodies: 'always', redactPaths: [['user', 'email']] }))
    const bodies = { request: Buffer.from('text'), primary: Buffer.from('[1]'), shadow: Buffer.from('{"withheld":1}') }
    const failed = pairFrame(leg('{}'), leg('', { status: 0, error: 'UPSTREAM_RESET', endpoint: 9 }))
    for (const record of [
      pairRecord(input()),
      pairRecord(input({ comparison: DISAGREE })),
      pairRecord(input({ frame: failed, comparison: { ...AGREE, result: 'incomparable', reason: 'not_text' } })),
      pairRecord(input({ snapshot: always, comparison: DISAGREE, decoded: bodies })),
      pairRecord(input({ streams: { primary: STREAM, shadow: CUT_STREAM } })),
    ]) {
      expect(pair.safeParse(parsed(record)).error).toBeUndefined()
    }
    const window = await schemaOf('window-record')
    expect(window.safeParse(parsed(windowRecord(sealedWindow()))).error).toBeUndefined()
  })

  test('carries the timing of a leg that was a stream, and of no other', () => {
    const record = parsed(pairRecord(input({ streams: { primary: null, shadow: STREAM } })))
    expect(record['shadow']).toMatchObject({ stream: STREAM })
    expect(record['primary']).not.toHaveProperty('stream')
  })

  test.each(['id', 'arrivedAt', 'primary', 'comparison', 'inclusion'])(
    'refuse a pair record without %s',
    async field => {
      const { [field]: _left, ...rest } = parsed(pairRecord(input()))
      expect((await schemaOf('pair-record')).safeParse(rest).success).toBe(false)
    },
  )

  test('refuse an unknown outcome, and a count that is none', async () => {
    const record = parsed(pairRecord(input({ comparison: { ...AGREE, result: 'fine' as never } })))
    expect((await schemaOf('pair-record')).safeParse(record).success).toBe(false)
    const window = sealedWindow()
    window.counts.outcomes.agree = -1
    expect((await schemaOf('window-record')).safeParse(parsed(windowRecord(window))).success).toBe(false)
  })
})

function sealedWindow(): SealedWindow {
  const counts = emptyCounts()
  counts.eligible = counts.sampled = counts.sent = counts.pairs = counts.outcomes.agree = 3
  bump(counts.latency.primary, 12)
  return {
    schema: 'understudy.window/1',
    experiment: 'digits.v2.00000000',
    origin: 'replica/boot/0',
    second: 1_700_000_000,
    counts,
  }
}

import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readPairFile, settledCounts, type PairLine } from '../support/pair-file.ts'
import { pythonEnvironment } from '../support/python-environment.ts'
import { startUnderstudy, type RunningUnderstudy } from '../support/run-understudy.ts'
import { startTriton, type TritonServer } from '../support/triton-server.ts'
import type { WindowCounts } from '../../src/wire/window.ts'

/** Two versions of a model in NVIDIA's Triton, behind the proxy, asked by NVIDIA's client in all the forms it speaks. */
const fileOf = (path: string): string => fileURLToPath(new URL(path, import.meta.url))
const DIGITS = fileOf('../../src/cli/demo/digits.txt')
const INFER_PATH = '/v2/models/digits/infer'
const FORMS = [
  'json',
  'binary-input',
  'binary-output',
  'binary',
  'json-gzip',
  'json-deflate',
  'binary-gzip',
  'binary-deflate',
]
/** Every second image of the demo's 1797, eight to a request. */
const REQUESTS_PER_FORM = 113
/** Each answer says it three times: as a label, as a text and as probabilities. */
const OUTPUTS = 3
const CLIENT_TIMEOUT_MS = 300_000

/** One row per image. */
interface Answer {
  readonly label: readonly (readonly number[])[]
  readonly digit: readonly (readonly string[])[]
  readonly probabilities: readonly (readonly number[])[]
}

/** What the client got for one request: from both versions directly, and through the proxy. */
interface Asked {
  readonly id: string
  readonly form: string
  readonly v1: Answer
  readonly v2: Answer
  readonly proxied: Answer
}

/** What the client heard besides predictions. */
interface Remarks {
  readonly described: Readonly<Record<'v1' | 'proxied', unknown>>
  readonly refused: Readonly<Record<'v1' | 'proxied', string>>
}

const environment = await pythonEnvironment(fileOf('requirements.txt'))
const python = environment.ok ? environment.python : ''

describe.skipIf(!environment.ok)('Triton behind the proxy', () => {
  let versions: TritonServer[] = []
  let proxy: RunningUnderstudy
  let asked: Asked[]
  let remarks: Remarks
  let records: PairLine[]
  let counts: WindowCounts

  beforeAll(async () => {
    const started = await Promise.allSettled(
      ['1', '2'].map(version => startTriton(python, [fileOf('triton_server.py'), version, DIGITS])),
    )
    versions = started.flatMap(each => (each.status === 'fulfilled' ? [each.value] : []))
    const [v1, v2] = versions
    if (v1 === undefined || v2 === undefined) throw new AggregateError(started.flatMap(reasonOf), 'no two Tritons')
    proxy = await startUnderstudy({
      upstreams: { v1: v1.url, v2: v2.url },
      routes: [
        {
          name: 'digits',
          match: { path: INFER_PATH },
          primary: 'v1',
          shadows: [{ upstream: 'v2', percent: 100 }],
        },
        { name: 'rest', primary: 'v1' },
      ],
    })
    const args = [fileOf('triton_client.py'), v1.url, v2.url, proxy.url, DIGITS]
    const { stdout } = await promisify(execFile)(python, args, {
      env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1' },
      maxBuffer: 256 * 1024 * 1024,
      timeout: CLIENT_TIMEOUT_MS,
    })
    const lines = stdout.trimEnd().split('\n')
    remarks = JSON.parse(lines.pop() ?? '') as Remarks
    asked = lines.map(line => JSON.parse(line) as Asked)
    const copies = asked.length + 1 // and the request that is refused
    counts = await settledCounts(proxy, 'digits.v2', copies)
    records = await readPairFile(proxy, copies)
  }, CLIENT_TIMEOUT_MS + 180_000)
  afterAll(async () => {
    await proxy?.stop()
    await Promise.all(versions.map(version => version.stop()))
  })

  const recordOf = (id: string): PairLine | undefined => records.find(({ requestId }) => requestId === id)

  test('each form of request gets through the proxy what the primary answers directly', () => {
    for (const form of FORMS) {
      const ofForm = asked.filter(each => each.form === form)
      expect(ofForm, form).toHaveLength(REQUESTS_PER_FORM)
      for (const { id, v1, proxied } of ofForm) expect(proxied, id).toEqual(v1)
    }
    expect(asked).toHaveLength(FORMS.length * REQUESTS_PER_FORM)
  })

  test('every pair is compared, as classes of the Open Inference Protocol', () => {
    const unlike = asked
      .map(({ id }) => recordOf(id))
      .filter(record => record?.comparison.payload !== 'oip' || record.comparison.task !== 'classification')
    expect(unlike).toEqual([])
    expect(counts.outcomes).toMatchObject({ incomparable: 0, shadow_error: 0, primary_error: 0, both_error: 0 })
  })

  test('exactly the requests on which the versions differ offline are disagreements, with as many rows', () => {
    const expected = asked.map(each => ({ id: each.id, flips: OUTPUTS * differingRows(each) }))
    const differing = expected.filter(({ flips }) => flips > 0).length
    expect(differing).toBeGreaterThan(asked.length / 10)
    expect(differing).toBeLessThan(asked.length)
    for (const { id, flips } of expected) {
      const { result, metrics } = recordOf(id)?.comparison ?? {}
      expect({ id, result, flips: metrics?.['flips'] }).toEqual({ id, flips, result: flips > 0 ? 'disagree' : 'agree' })
    }
    expect(counts.outcomes.disagree).toBe(differing)
  })

  test('packed answers stay packed on their way', () => {
    for (const form of ['json', 'binary']) {
      for (const packing of ['gzip', 'deflate']) {
        const plain = recordOf(`${form}-0`)?.primary.bytes ?? 0
        expect(recordOf(`${form}-${packing}-0`)?.primary.bytes, `${form}-${packing}`).toBeLessThan(plain)
      }
    }
  })

  test('the description of the model, and the refusal of a wrong image, are those of the primary', () => {
    expect(remarks.described.proxied).toEqual(remarks.described.v1)
    expect(remarks.refused.v1).toContain('Expected [-1,64], got [1,3]')
    expect(remarks.refused.proxied).toBe(remarks.refused.v1)
    expect(recordOf('refused')).toMatchObject({ primary: { status: 400 }, shadow: { status: 400 } })
  })
})

const reasonOf = (each: PromiseSettledResult<unknown>): unknown[] => (each.status === 'rejected' ? [each.reason] : [])

/** Images that the versions put into different classes. */
function differingRows({ v1, v2 }: Asked): number {
  return v1.label.filter((label, row) => label[0] !== v2.label[row]?.[0]).length
}

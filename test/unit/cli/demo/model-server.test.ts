import { createServer, type AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { loadDigits, splitDigits } from '../../../../src/cli/demo/digits.ts'
import { labelsOf } from '../../../../src/cli/demo/expected.ts'
import { startModelServer, type ModelServer } from '../../../../src/cli/demo/model-server.ts'
import { inferBody } from '../../../../src/cli/demo/traffic.ts'

interface Output {
  readonly name: string
  readonly datatype: string
  readonly shape: readonly number[]
  readonly data: readonly number[]
}

const post = (body: string): RequestInit => ({ method: 'POST', body })

describe('a model server', () => {
  let server: ModelServer
  beforeAll(async () => {
    server = await startModelServer('broken', { version: '2' })
  })
  afterAll(() => server.stop())

  async function call(
    path: string,
    init: RequestInit = {},
  ): Promise<{ status: number; body: Record<string, unknown> }> {
    const answer = await fetch(`${server.url}${path}`, init)
    return { status: answer.status, body: (await answer.json()) as Record<string, unknown> }
  }

  test('answers the calls of the Open Inference Protocol about itself and its model', async () => {
    expect(await call('/v2/health/live')).toEqual({ status: 200, body: { live: true } })
    expect(await call('/v2/health/ready')).toEqual({ status: 200, body: { ready: true } })
    expect((await call('/v2')).body).toMatchObject({ version: '2' })
    expect((await call('/v2/models/digits/versions/2/ready')).body).toMatchObject({ ready: true })
    const model = await call('/v2/models/digits')
    expect(model).toMatchObject({
      status: 200,
      body: {
        name: 'digits',
        versions: ['2'],
        inputs: [{ name: 'pixels', datatype: 'FP32', shape: [-1, 64] }],
        outputs: [
          { name: 'probabilities', datatype: 'FP32', shape: [-1, 10] },
          { name: 'label', datatype: 'INT64', shape: [-1] },
        ],
      },
    })
    expect(await call('/v2/models/digits/versions/2')).toEqual(model)
  })

  test('answers images with probabilities and labels, those of the model run offline', async () => {
    const images = splitDigits(loadDigits()).heldOut.slice(0, 30)
    const data = images.map(({ pixels }) => pixels)
    const input = { name: 'pixels', shape: [30, 64], datatype: 'FP32', data }
    const { status, body } = await call('/v2/models/digits/infer', post(JSON.stringify({ id: 'x', inputs: [input] })))
    expect(status).toBe(200)
    expect(body).toMatchObject({ model_name: 'digits', model_version: '2', id: 'x' })
    const [probabilities, label] = body['outputs'] as [Output, Output]
    expect(probabilities).toMatchObject({ name: 'probabilities', datatype: 'FP32', shape: [30, 10] })
    expect(probabilities.data).toHaveLength(300)
    expect(label).toMatchObject({ name: 'label', datatype: 'INT64', shape: [30] })
    const labels = labelsOf('broken')
    expect(label.data).toEqual(images.map(({ index }) => labels.get(index)))
  })

  test('takes the version in the path, and only its own', async () => {
    const body = inferBody(splitDigits(loadDigits()).heldOut[0] as Parameters<typeof inferBody>[0])
    expect((await call('/v2/models/digits/versions/2/infer', post(body))).status).toBe(200)
    const other = await call('/v2/models/digits/versions/1/infer', post(body))
    expect(other.status).toBe(404)
    expect(other.body['error']).toContain('version "2"')
  })

  test('answers errors as the protocol says: a status and {"error"}', async () => {
    expect((await call('/v2/models/cats')).status).toBe(404)
    expect((await call('/v2/models/digits/infer')).status).toBe(405)
    const invalid = await call('/v2/models/digits/infer', post('{"inputs":[]}'))
    expect(invalid.status).toBe(400)
    expect(invalid.body['error']).toContain('inputs must be a list')
    const large = await call('/v2/models/digits/infer', post('x'.repeat(600 * 1024)))
    expect(large.status).toBe(413)
    const encoded = await call('/v2/models/digits/infer', { ...post('{}'), headers: { 'content-encoding': 'gzip' } })
    expect(encoded.status).toBe(415)
  })

  test('says nothing of its death when it was stopped', async () => {
    const deaths: string[] = []
    const short = await startModelServer('same', { onDeath: message => deaths.push(message) })
    expect(short.trainingMs).toBeGreaterThan(0)
    await short.stop()
    await expect(fetch(`${short.url}/v2/health/live`)).rejects.toThrow('fetch failed')
    expect(deaths).toEqual([])
  })

  test('that cannot have its port does not start', async () => {
    const taken = createServer()
    await new Promise<void>(resolve => taken.listen(0, '127.0.0.1', resolve))
    const { port } = taken.address() as AddressInfo
    try {
      await expect(startModelServer('primary', { port })).rejects.toThrow(/"primary" did not start: .*EADDRINUSE/)
    } finally {
      taken.close()
    }
  })
})

import { isDeepStrictEqual } from 'node:util'
import { OpenAI } from 'openai'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { CALLS, gathered } from '../support/openai/calls.ts'
import { startOpenAiServer, type OpenAiServer } from '../support/openai/server.ts'
import { readPairFile, settledCounts, type PairLine } from '../support/pair-file.ts'
import { startUnderstudy, type RunningUnderstudy } from '../support/run-understudy.ts'
import { inParallel } from '../support/steady-client.ts'

/**
 * Two versions of an OpenAI-compatible server behind one listener, asked by OpenAI's client. Each server knows its models by
 * the name of its own version only: routes go by the model in the body, and copies ask for the candidate's.
 */
const PROMPTS = [
  'the cat sat on the mat',
  'a well-known fact',
  'state-of-the-art models, and more',
  'What is the weather in Paris?',
  'What is the weather in São Paulo?',
  'What is the weather in Stratford-upon-Avon?',
  'Zażółć gęślą jaźń 🙂',
  'one line\nand "another" \\ one',
  'ALL CAPS',
  'Only The First Letters',
  '12345',
  'no-',
] as const
const COSINE_MIN = 0.999 // the default of compare.thresholds.cosine

interface Asked {
  readonly id: string
  readonly call: string
  readonly model: 'words' | 'letters'
  readonly v1: unknown
  readonly v2: unknown
  readonly proxied: unknown
}

let v1: OpenAiServer
let v2: OpenAiServer
let proxy: RunningUnderstudy
let records: PairLine[]
const asked: Asked[] = []

const clientOf = (url: string): OpenAI => new OpenAI({ baseURL: `${url}/v1`, apiKey: 'none', maxRetries: 0 })
const route = (model: string): object => ({
  name: model,
  match: { prefix: '/v1', model: `${model}-v1` },
  primary: 'v1',
  shadows: [{ upstream: 'v2', percent: 100, set_body: { model: `${model}-v2` } }],
})

beforeAll(async () => {
  ;[v1, v2] = await Promise.all([startOpenAiServer(1), startOpenAiServer(2)])
  proxy = await startUnderstudy({
    upstreams: { v1: v1.url, v2: v2.url },
    routes: [route('words'), route('letters'), { name: 'rest', primary: 'v1' }],
  })
  const [first, second, through] = [clientOf(v1.url), clientOf(v2.url), clientOf(proxy.url)]
  const jobs = CALLS.flatMap(call => PROMPTS.map((prompt, i) => ({ call, prompt, id: `${call.name}-${i}` })))
  await inParallel(jobs.length, 4, async i => {
    const { call, prompt, id } = jobs[i] as (typeof jobs)[number]
    const { name, model, ask } = call
    asked.push({
      id,
      call: name,
      model,
      v1: await ask(first, `${model}-v1`, prompt, id),
      v2: await ask(second, `${model}-v2`, prompt, id),
      proxied: await ask(through, `${model}-v1`, prompt, id),
    })
  })
  records = await readPairFile(proxy, jobs.length)
})
afterAll(async () => {
  await proxy?.stop()
  await Promise.all([v1?.stop(), v2?.stop()])
})

const recordOf = (id: string): PairLine | undefined => records.find(({ requestId }) => requestId === id)

test.for(CALLS.map(({ name }) => name))('%s: the client gets through the proxy what it gets directly', name => {
  const ofCall = asked.filter(({ call }) => call === name)
  expect(ofCall).toHaveLength(PROMPTS.length)
  for (const { id, v1, proxied } of ofCall) expect(proxied, id).toEqual(v1)
})

test.for(CALLS.map(({ name }) => name))('%s: exactly the prompts on which the versions differ disagree', name => {
  const ofCall = asked.filter(({ call }) => call === name)
  const expected = ofCall.map(each => [each.id, differ(each) ? 'disagree' : 'agree'])
  expect(ofCall.map(({ id }) => [id, recordOf(id)?.comparison.result])).toEqual(expected)
  const differing = ofCall.filter(differ).length
  if (name === 'completion-cut') expect(differing).toBe(0)
  else expect(differing).toBeGreaterThan(2)
  expect(differing).toBeLessThan(PROMPTS.length)
})

test('every pair is read as OpenAI’s protocol, on the route of its model, and none is incomparable', async () => {
  for (const { id, model } of asked) {
    const { route, comparison, shadow } = recordOf(id) ?? {}
    expect({ id, route, payload: comparison?.payload, task: comparison?.task, status: shadow?.status }).toEqual({
      id,
      route: model,
      payload: 'openai',
      task: model === 'words' ? 'generation' : 'embedding',
      status: 200,
    })
  }
  for (const model of ['words', 'letters']) {
    const ofModel = asked.filter(each => each.model === model)
    const { outcomes } = await settledCounts(proxy, `${model}.v2`, ofModel.length)
    const disagree = ofModel.filter(differ).length
    const none = { shadow_error: 0, primary_error: 0, both_error: 0, incomparable: 0 }
    expect(outcomes).toEqual({ agree: ofModel.length - disagree, disagree, ...none })
  }
})

test('models are listed, and an unknown one refused, as directly', async () => {
  const [direct, through] = await Promise.all([v1.url, proxy.url].map(async url => await remarks(clientOf(url))))
  expect(direct).toEqual({
    models: ['words-v1', 'letters-v1'],
    refusal: { status: 404, code: 'model_not_found', message: '404 The model `words-v3` does not exist' },
  })
  expect(through).toEqual(direct)
})

async function remarks(client: OpenAI): Promise<unknown> {
  const models = (await gathered(client.models.list())).map(({ id }) => id)
  const refused: unknown = await client.completions.create({ model: 'words-v3', prompt: '' }).catch(error => error)
  if (!(refused instanceof OpenAI.APIError)) return { models, refusal: refused }
  const { status, code, message } = refused
  return { models, refusal: { status, code, message } }
}

/** From the direct answers alone: embeddings by their angle, all else by everything but names. */
function differ({ model, v1, v2 }: Asked): boolean {
  if (model === 'words') return !isDeepStrictEqual(withoutNames(v1), withoutNames(v2))
  const [ours, theirs] = [vectorsOf(v1), vectorsOf(v2)]
  return ours.some((vector, i) => !isAlike(vector, theirs[i] ?? []))
}

function withoutNames(answer: unknown): unknown {
  const names = new Set(['id', 'item_id', 'call_id', 'model'])
  return JSON.parse(JSON.stringify(answer, (key, value: unknown) => (names.has(key) ? undefined : value)))
}

function vectorsOf(answer: unknown): number[][] {
  const { data } = answer as { readonly data: readonly { readonly embedding: number[] | string }[] }
  return data.map(({ embedding }) => {
    if (typeof embedding !== 'string') return embedding
    return [...new Float32Array(Uint8Array.from(Buffer.from(embedding, 'base64')).buffer)]
  })
}

/** A vector of zeroes has no angle: it is like itself alone. */
function isAlike(ours: readonly number[], theirs: readonly number[]): boolean {
  const dot = ours.reduce((sum, value, i) => sum + value * (theirs[i] ?? 0), 0)
  const norms = Math.hypot(...ours) * Math.hypot(...theirs)
  return norms === 0 ? isDeepStrictEqual(ours, theirs) : dot / norms >= COSINE_MIN
}

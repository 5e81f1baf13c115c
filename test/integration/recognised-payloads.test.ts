import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { capturedAnswer } from '../support/captures.ts'
import { startUnderstudy, type RunningUnderstudy } from '../support/run-understudy.ts'
import { SteadyClient } from '../support/steady-client.ts'
import { startUpstream, type UpstreamServer } from '../support/upstream-server.ts'
import { eventually } from '../support/within.ts'

/** Recorded answers of real model servers through the whole proxy: what of their heads the comparison needs arrives. */
const INFER = '/v2/models/digits/infer'
const CHAT = '/v1/chat/completions'
/** By path: the recordings that the primary and the shadow answer with. */
const ANSWERS: Readonly<Record<string, readonly [primary: string, shadow: string]>> = {
  [INFER]: ['triton-bin', 'triton-json'],
  [CHAT]: ['llamacpp-openai-js.1', 'llamacpp-interrupted'],
}

let primary: UpstreamServer
let shadow: UpstreamServer
let proxy: RunningUnderstudy
let client: SteadyClient

const startRecorded = (side: 0 | 1): Promise<UpstreamServer> =>
  startUpstream((request, respond) => {
    const { status, headers, body } = capturedAnswer(ANSWERS[request.target]?.[side] ?? '')
    const kept = ['content-type', 'inference-header-content-length'].filter(name => headers.has(name))
    respond.reply(status, Object.fromEntries(kept.map(name => [name, headers.get(name) ?? ''])), body)
  })

beforeAll(async () => {
  primary = await startRecorded(0)
  shadow = await startRecorded(1)
  proxy = await startUnderstudy({
    upstreams: { v1: primary.url, v2: shadow.url },
    routes: [{ name: 'r', primary: 'v1', shadows: [{ upstream: 'v2', percent: 100 }] }],
  })
  client = new SteadyClient(proxy.url, 1)
})
afterAll(async () => {
  client.close()
  await proxy.stop()
  await Promise.all([primary.stop(), shadow.stop()])
})

async function comparisonOf(path: string): Promise<unknown> {
  await client.post(path, '{"inputs":[]}', { 'x-request-id': path })
  return await eventually(() => {
    const lines = readFileSync(join(proxy.directory, 'understudy-pairs.ndjson'), 'utf8').trim().split('\n')
    const records = lines.filter(line => line !== '').map(line => JSON.parse(line) as Record<string, unknown>)
    return records.find(record => record['requestId'] === path)?.['comparison']
  })
}

test('binary tensors of one version agree with the JSON of the other', async () => {
  expect(await comparisonOf(INFER)).toMatchObject({ result: 'agree', task: 'classification', payload: 'oip' })
})

test('a stream that the candidate gives up counts as its failure', async () => {
  expect(await comparisonOf(CHAT)).toMatchObject({ result: 'shadow_error' })
})

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { runCommand } from '../support/run-command.ts'
import { startUnderstudy, type RunningUnderstudy } from '../support/run-understudy.ts'
import type { Respond } from '../support/upstream-respond.ts'
import { startUpstream, type UpstreamServer } from '../support/upstream-server.ts'

const PATH = '/v1/chat/completions'
const SSE = { 'content-type': 'text/event-stream' }
const TOKEN = 'data: {"choices":[{"index":0,"delta":{"content":"so"},"finish_reason":null}]}\n\n'
const END = 'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'
/** How long both take; the candidate says nothing until then. */
const ANSWER_MS = 2_000
/** Twelve of sixty first tokens of the primary were more than 200 ms late on a busy machine. */
const THRESHOLD_MS = 1_000
const STREAMS = 60

let primary: UpstreamServer
let candidate: UpstreamServer
let proxy: RunningUnderstudy

async function stream(respond: Respond, [early, late]: readonly [string, string]): Promise<void> {
  respond.head(200, SSE)
  respond.write(early)
  await sleep(ANSWER_MS)
  respond.write(late)
  respond.end()
}

beforeAll(async () => {
  primary = await startUpstream((_request, respond) => stream(respond, [TOKEN, END]))
  candidate = await startUpstream((_request, respond) => stream(respond, [': wait\n\n', TOKEN + END]))
  proxy = await startUnderstudy({
    upstreams: { v1: primary.url, v2: candidate.url },
    routes: [
      {
        name: 'llm',
        primary: 'v1',
        shadows: [{ upstream: 'v2', percent: 100 }],
        gates: { time_to_first_token: { max_increase: 0.05, threshold: `${THRESHOLD_MS}ms` } },
        verdict: { warm_up: '0s', min_pairs: 10, min_duration: '1s', max_duration: '1m' },
      },
    ],
    record: { bodies: 'never' },
  })
})
afterAll(async () => {
  await proxy.stop()
  await Promise.all([primary.stop(), candidate.stop()])
})

test('a candidate that says the same as soon, but begins late, is rolled back; chance in requests is counted', async () => {
  const ask = (temperature: number) =>
    fetch(proxy.url + PATH, { method: 'POST', body: JSON.stringify({ messages: [], stream: true, temperature }) })
  const answers = await Promise.all(Array.from({ length: STREAMS }, (_, i) => ask(i % 3 === 0 ? 0.7 : 0)))
  for (const answer of answers) expect(await answer.text()).toBe(TOKEN + END)
  const ended = await runCommand(
    ['verdict', 'llm.v2', '--admin', proxy.adminUrl, '--wait', '--timeout', '25s', '--output', 'json'],
    { timeoutMs: 30_000 },
  )
  expect(JSON.parse(ended.stdout)).toMatchObject({
    verdict: 'ROLLBACK',
    gates: [{ id: 'time_to_first_token', state: 'harm', n: STREAMS, estimate: 1 }],
  })
  const response = await fetch(`${proxy.adminUrl}/api/v1/experiments/llm.v2`)
  expect(await response.json()).toMatchObject({ counts: { pairs: STREAMS, stochastic: STREAMS / 3 } })
  const lines = readFileSync(join(proxy.directory, 'understudy-pairs.ndjson'), 'utf8').split('\n')
  expect(lines.filter(line => line.includes('"stochastic":true')).length).toBe(STREAMS / 3)
}, 40_000)

/**
 * The outcome of a request with a canary was counted in a tally that was made when the request had its answer, for the
 * second in which it had come. When that had taken longer than a second, newer seconds stood before it in the list, it was
 * announced as handed over without having been, and its vote came behind the window that it belonged to and was lost: 140 of
 * 240 requests that took 0.1 to 4 s.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import type { SealedWindow } from '../../src/wire/window.ts'
import { connectRaw } from '../support/raw-client.ts'
import { getJson } from '../support/http-json.ts'
import { startUnderstudy } from '../support/run-understudy.ts'
import { startUpstream } from '../support/upstream-server.ts'
import { eventually } from '../support/within.ts'

const TAKES_MS = [20, 300, 1_500, 2_500]
const REQUESTS = 60

test('every request has its vote, however long its answer took', async () => {
  const model = await startUpstream(async (request, respond) => {
    await sleep(Number(request.target.slice(1)))
    respond.reply(200)
  })
  const proxy = await startUnderstudy({
    listen: { address: '127.0.0.1:0', threads: 1 },
    upstreams: { v1: model.url, v2: { endpoints: model.url, host: 'upstream' } },
    routes: [{ name: 'r', primary: 'v1', canary: { upstream: 'v2', percent: 50 } }],
  })
  const ask = async (ms: number): Promise<void> => {
    const client = await connectRaw(proxy.port)
    client.send(`GET /${ms} HTTP/1.1\r\nHost: h\r\n\r\n`)
    expect((await client.readResponse()).status).toBe(200)
    client.destroy()
  }
  const asked: Promise<void>[] = []
  for (let i = 0; i < REQUESTS; i++) {
    asked.push(ask(TAKES_MS[i % TAKES_MS.length] as number))
    await sleep(60)
  }
  await Promise.all(asked)
  const votes = async (): Promise<number> => {
    const { windows } = (await getJson(`${proxy.adminUrl}/api/v1/experiments/r.v2/windows?limit=100`)) as {
      windows: SealedWindow[]
    }
    const arms = windows.flatMap(({ counts }) => Object.values(counts.arms))
    return arms.reduce((sum, { primary, canary }) => sum + primary.requests + canary.requests, 0)
  }
  await eventually(async () => ((await votes()) === REQUESTS ? true : undefined), 10_000)
  expect(proxy.log.filter(({ level }) => level === 'error')).toEqual([])
  await proxy.stop()
  await model.stop()
}, 60_000)
